// A cell of the confusion matrix is read out as a sentence below it.
element.addEventListener('click', (event) => {
  const cell = event.target.closest('button[data-say]');
  if (!cell) return;
  const panel = cell.closest('.fz-panel');
  for (const other of panel.querySelectorAll('[data-say]')) other.setAttribute('aria-pressed', String(other === cell));
  const say = panel.querySelector('.fz-say');
  say.textContent = cell.dataset.say;
  say.classList.add('fz-said');
});
