// @ts-check
// Two links before everything else, which only the keyboard reaches: to the open tab's content, and to the result on it.

const RESULTS = '.fo-results, .fo-live:not([data-state="off"]) .fo-live-side, .ft-answers';

/** @returns {HTMLElement | undefined} the content of the open tab */
function content() {
  const name = document.querySelector('#fo-tabs [role=tab][aria-selected=true]')?.getAttribute('aria-controls');
  return document.getElementById(name ?? '') ?? undefined;
}

/** @returns {HTMLElement | undefined} what the open tab has found, if anything */
function result() {
  const all = /** @type {HTMLElement[]} */ ([...(content()?.querySelectorAll(RESULTS) ?? [])]);
  return all.find((one) => one.checkVisibility() && one.childElementCount > 0);
}

/** Take the focus to where the links lead, and offer the second one only where there is a result. */
export function skipWhenAsked() {
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof Element) || !target.closest('.fo-skip')) return;
    for (const link of document.querySelectorAll('.fo-skip [data-skip=result]'))
      if (link instanceof HTMLElement && link !== target) link.hidden = !result();
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('.fo-skip a') : null;
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    const place = (link.dataset.skip === 'result' && result()) || content();
    if (!place) return;
    place.tabIndex = -1;
    place.focus();
  });
}
