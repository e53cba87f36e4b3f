// @ts-check
// On a phone or an upright tablet the answer lies below the controls: bring it into view when it comes.
{
  const one = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (element.querySelector(selector));
  const selects = () =>
    [...element.querySelectorAll('select[data-face]')].filter((each) => each instanceof HTMLSelectElement);
  let again = ''; // where the keyboard was when a resting face was chosen: the answer is drawn anew
  watch('value', () => {
    if (again) {
      const place = again;
      again = '';
      requestAnimationFrame(() => one(place)?.focus({ preventScroll: true }));
      return;
    }
    if (window.innerWidth > 1000 || !element.querySelector('.fo-results')) return;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    element.scrollIntoView({ behavior: still ? 'auto' : 'smooth', block: 'start' });
  });

  // Which resting face belongs to which face: as the selects in the answer say, sent with the pictures it is about.
  const pair = (/** @type {string} */ place) => {
    again = place;
    const chosen = selects().filter((select) => select.value);
    const pairs = chosen.map((select) => `${select.dataset.face}=${select.value}`).join(', ') || 'none';
    const { pictures } = one('.fo-results')?.dataset ?? {};
    trigger('pair', { pairs: `${pictures} ${pairs}` });
  };
  element.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLSelectElement) || !target.matches('select[data-face]')) return;
    pair(`select[data-face="${target.dataset.face}"]`);
  });
  element.addEventListener('click', ({ target }) => {
    const button = target instanceof Element && target.closest('button[data-for]');
    if (!(button instanceof HTMLElement)) return;
    const value = selects().find((select) => select.dataset.face === button.dataset.for)?.value;
    for (const select of selects()) {
      if (value !== undefined && [...select.options].some((option) => option.value === value)) select.value = value;
    }
    pair(`button[data-for="${button.dataset.for}"]`);
  });

  // "Which parts of the face mattered?": the answer comes to mattered.js, which puts it into the button's place.
  const ready = (/** @type {Element} */ button, /** @type {boolean} */ is) => {
    button.setAttribute('aria-disabled', String(!is));
    window.faceOffPut(
      /** @type {Element} */ (button.firstElementChild),
      is ? { key: 'hold.ask' } : { key: 'hold.asking' },
    );
  };
  element.addEventListener('click', ({ target }) => {
    const button = target instanceof Element && target.closest('button[data-mattered]');
    if (!(button instanceof HTMLElement) || button.getAttribute('aria-disabled') === 'true') return;
    ready(button, false);
    const { answer } = one('.fo-results')?.dataset ?? {};
    trigger('mattered', { face: Number(button.dataset.mattered), answer });
  });
  window.addEventListener('face-off-mattered-failed', () => {
    for (const button of element.querySelectorAll('button[data-mattered]')) ready(button, true);
  });
}
