const mark = (chosen) => {
  for (const button of element.querySelectorAll('button[data-name]')) {
    button.setAttribute('aria-pressed', String(button === chosen));
  }
};
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-name]');
  if (!button) return;
  mark(button);
  trigger('pick', { name: button.dataset.name });
});
// Another picture was chosen, dropped, pasted or taken: no example is the current one.
document.addEventListener('change', (event) => event.target.closest?.('#fo-picture') && mark(null));
window.dispatchEvent(new Event('face-off-examples')); // a link may ask for one of them
