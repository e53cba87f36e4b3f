// On a phone or an upright tablet the answer lies below the controls: bring it into view when it comes.
let again = ''; // where the keyboard was when a resting face was chosen: the answer is drawn anew
watch('value', () => {
  if (again) {
    const place = again;
    again = '';
    requestAnimationFrame(() => element.querySelector(place)?.focus({ preventScroll: true }));
    return;
  }
  if (window.innerWidth > 1000 || !element.querySelector('.fo-results')) return;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ behavior: still ? 'auto' : 'smooth', block: 'start' });
});

// Which resting face belongs to which face: as the selects in the answer say, sent with the pictures it is about.
const pair = (place) => {
  again = place;
  const chosen = [...element.querySelectorAll('select[data-face]')].filter((select) => select.value);
  const pairs = chosen.map((select) => `${select.dataset.face}=${select.value}`).join(', ') || 'none';
  const { pictures } = element.querySelector('.fo-results').dataset;
  trigger('pair', { pairs: `${pictures} ${pairs}` });
};
element.addEventListener('change', (event) => {
  const { face } = event.target.dataset ?? {};
  if (event.target.matches?.('select[data-face]')) pair(`select[data-face="${face}"]`);
});
element.addEventListener('click', (event) => {
  const button = event.target.closest?.('button[data-for]');
  if (!button) return;
  const { value } = element.querySelector(`select[data-face="${button.dataset.for}"]`);
  for (const select of element.querySelectorAll('select[data-face]')) {
    if ([...select.options].some((option) => option.value === value)) select.value = value;
  }
  pair(`button[data-for="${button.dataset.for}"]`);
});

// "Which parts of the face mattered?": the answer comes to mattered.js, which puts it into the button's place.
const ready = (button, is) => {
  button.setAttribute('aria-disabled', String(!is));
  window.faceOffPut(button.firstElementChild, is ? { key: 'hold.ask' } : { key: 'hold.asking' });
};
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-mattered]');
  if (!button || button.getAttribute('aria-disabled') === 'true') return;
  ready(button, false);
  const { answer } = button.closest('.fo-results').dataset;
  trigger('mattered', { face: Number(button.dataset.mattered), answer });
});
window.addEventListener('face-off-mattered-failed', () => {
  for (const button of element.querySelectorAll('button[data-mattered]')) ready(button, true);
});
