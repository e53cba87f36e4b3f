// Sorting happens in the browser; choosing a model goes to the server.
const number = (row, i) => {
  const value = row.cells[i + 1].dataset.value;
  return value === undefined ? null : Number(value);
};
const sort = (button) => {
  const head = button.closest('th'),
    body = element.querySelector('tbody'),
    i = Number(button.dataset.sort);
  const turn = { ascending: 'descending', descending: 'ascending', none: button.dataset.first };
  const way = turn[head.getAttribute('aria-sort')];
  for (const other of element.querySelectorAll('th[aria-sort]')) other.setAttribute('aria-sort', 'none');
  head.setAttribute('aria-sort', way);
  const sign = way === 'ascending' ? 1 : -1;
  const order = (a, b) => {
    const x = number(a, i),
      y = number(b, i);
    if (x === null || y === null) return (x === null) - (y === null); // what is not measured comes last
    return sign * (x - y);
  };
  body.append(...[...body.rows].sort(order));
};
element.addEventListener('click', (event) => {
  const head = event.target.closest('button[data-sort]');
  if (head) return sort(head);
  const row = event.target.closest('[data-model]');
  if (!row) return;
  trigger('select', { model: row.dataset.model });
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  document.querySelector('#fz-choices')?.scrollIntoView({ behavior: still ? 'auto' : 'smooth', block: 'start' });
});
