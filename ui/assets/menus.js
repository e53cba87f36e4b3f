// @ts-check
// Gradio's choice boxes open when they get the focus, and stay open over the page when they lose it.

const ESCAPE = 'Escape';

/**
 * Close a choice box's menu when the focus leaves it: Escape is what Gradio closes it by. Gradio then also takes the
 * focus from the box; done before the focus has arrived at the next element, that would leave it nowhere.
 */
export function closeMenusOnLeaving() {
  document.addEventListener('focusout', ({ target }) => {
    if (!(target instanceof HTMLElement) || !target.matches('input[role=combobox]')) return;
    setTimeout(() => {
      if (document.activeElement === target) return;
      target.dispatchEvent(new KeyboardEvent('keydown', { key: ESCAPE, code: ESCAPE, bubbles: true }));
    });
  });
}
