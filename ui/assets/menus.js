// @ts-check
// Gradio's choice boxes open when they get the focus, and stay open over the page when they lose it.

const ESCAPE = 'Escape';

/** Close a choice box's menu when the focus leaves it: Escape is what Gradio closes it by. */
export function closeMenusOnLeaving() {
  document.addEventListener('focusout', ({ target }) => {
    if (!(target instanceof HTMLElement) || !target.matches('input[role=combobox]')) return;
    target.dispatchEvent(new KeyboardEvent('keydown', { key: ESCAPE, code: ESCAPE, bubbles: true }));
  });
}
