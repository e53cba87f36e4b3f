// @ts-check
// Takes what the server found of one face to that face's card, unless another answer is on the page by now.
{
  watch('value', () => {
    const found = element.querySelector('[data-face]');
    if (!(found instanceof HTMLElement)) return;
    const { for: answer, face } = found.dataset;
    const asked = document.querySelector(
      `#fo-answer [data-answer="${CSS.escape(answer ?? '')}"] [data-mattered="${face}"]`,
    );
    if (!asked) return;
    const had = document.activeElement === asked;
    const place = /** @type {Element} */ (asked.closest('.fo-ask'));
    place.replaceChildren(...found.children);
    found.remove();
    const next = /** @type {HTMLElement | null} */ (place.querySelector('[tabindex]'));
    if (had) next?.focus({ preventScroll: true });
  });
}
