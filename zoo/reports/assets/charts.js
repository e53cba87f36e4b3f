// @ts-check
// A confusion matrix inside `element`: a cell that is chosen says its sentence; arrows move between cells.
{
  /** @type {Record<string, [number, number]>} */
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  /** @type {(event: Event) => HTMLElement | null} */
  const cellOf = ({ target }) => (target instanceof Element ? target.closest('button[data-say]') : null);
  element.addEventListener('click', (event) => {
    const cell = cellOf(event);
    if (!cell) return;
    const panel = /** @type {Element} */ (cell.closest('.fz-panel'));
    for (const other of panel.querySelectorAll('[data-say]'))
      other.setAttribute('aria-pressed', String(other === cell));
    const say = /** @type {Element} */ (panel.querySelector('.fz-say'));
    say.textContent = cell.getAttribute('aria-label');
    for (const part of ['', '-args']) {
      // the sentence's key, so that it follows the page's language
      const value = cell.getAttribute(`data-i18n-aria-label${part}`);
      if (value === null) say.removeAttribute(`data-i18n${part}`);
      else say.setAttribute(`data-i18n${part}`, value);
    }
    say.classList.add('fz-said');
  });
  element.addEventListener('keydown', (event) => {
    const cell = cellOf(event);
    const step = STEPS[event.key];
    if (!cell || !step) return;
    const place = /** @type {HTMLTableCellElement} */ (cell.closest('td'));
    const line = /** @type {HTMLTableRowElement} */ (place.closest('tr'));
    const body = /** @type {HTMLTableSectionElement} */ (place.closest('tbody'));
    const next = body.rows[line.sectionRowIndex + step[0]]?.cells[place.cellIndex + step[1]]?.querySelector('button');
    event.preventDefault();
    if (!next) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}
