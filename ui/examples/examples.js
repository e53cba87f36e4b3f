// @ts-check
// The example pictures: the chosen one is marked.
{
  const mark = (/** @type {Element | null} */ chosen) => {
    for (const button of element.querySelectorAll('button[data-name]')) {
      button.setAttribute('aria-pressed', String(button === chosen));
    }
  };
  element.addEventListener('click', (event) => {
    const button = event.target instanceof Element && event.target.closest('button[data-name]');
    if (!(button instanceof HTMLElement)) return;
    mark(button);
    trigger('pick', { name: button.dataset.name });
  });
  // Another picture was chosen, dropped, pasted or taken: no example is the current one.
  document.addEventListener('change', ({ target }) => {
    if (target instanceof Element && target.closest('#fo-picture')) mark(null);
  });
  window.dispatchEvent(new Event('face-off-examples')); // a link may ask for one of them
}
