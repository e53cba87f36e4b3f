// @ts-check
// Sorting happens in the browser; choosing a model goes to the server.
{
  const number = (/** @type {HTMLTableRowElement} */ row, /** @type {number} */ i) => {
    const value = row.cells[i + 1].dataset.value;
    return value === undefined ? null : Number(value);
  };
  const sort = (/** @type {HTMLElement} */ button) => {
    const head = /** @type {Element} */ (button.closest('th'));
    const body = /** @type {HTMLTableSectionElement} */ (element.querySelector('tbody'));
    const i = Number(button.dataset.sort);
    /** @type {Record<string, string | undefined>} */
    const turn = { ascending: 'descending', descending: 'ascending', none: button.dataset.first };
    const way = turn[head.getAttribute('aria-sort') ?? 'none'] ?? 'descending';
    for (const other of element.querySelectorAll('th[aria-sort]')) other.setAttribute('aria-sort', 'none');
    head.setAttribute('aria-sort', way);
    const sign = way === 'ascending' ? 1 : -1;
    /** @type {(a: HTMLTableRowElement, b: HTMLTableRowElement) => number} */
    const order = (a, b) => {
      const x = number(a, i);
      const y = number(b, i);
      if (x === null || y === null) return Number(x === null) - Number(y === null); // what is not measured comes last
      return sign * (x - y);
    };
    body.append(...[...body.rows].sort(order));
  };
  element.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element)) return;
    const head = target.closest('button[data-sort]');
    if (head instanceof HTMLElement) return sort(head);
    const row = target.closest('[data-model]');
    if (!(row instanceof HTMLElement)) return;
    trigger('select', { model: row.dataset.model });
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    document.querySelector('#fz-choices')?.scrollIntoView({ behavior: still ? 'auto' : 'smooth', block: 'start' });
  });
}
