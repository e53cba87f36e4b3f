// @ts-check
// One line at the bottom of the window: what was done, what went wrong, and how to undo it.
import { make, span } from '../components/dom.js';
import { button, say } from './session.js';

const SECONDS = 8;
const WITH_UNDO = 20;

/**
 * Shows what the session tells.
 * @param {import('./session.js').TeachSession} session
 */
export function noticeLine(session) {
  const words = make('div', { role: 'alert' });
  const actions = make('span', { class: 'ft-notice-actions' });
  const node = make('div', { class: 'ft-notice', hidden: true }, words, actions);
  /** @type {HTMLElement | null} where the focus came from */
  let before = null;
  node.addEventListener('focusin', ({ relatedTarget: from }) => {
    if (from instanceof HTMLElement && !node.contains(from)) before = from;
  });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function hide() {
    clearTimeout(timer);
    if (node.contains(document.activeElement)) before?.focus({ preventScroll: true });
    words.replaceChildren();
    actions.replaceChildren();
    node.hidden = true;
  }

  session.on('notice', ({ message, bad, undo }) => {
    if (!message) return hide();
    clearTimeout(timer);
    words.replaceChildren(...(Array.isArray(message) ? message : [span(message)]));
    const close = button('×', hide, 'ft-small', { 'aria-label': say('close') });
    actions.replaceChildren(...(undo ? [button(say('undo'), () => (hide(), undo()), 'ft-small')] : []), close);
    node.hidden = false;
    node.classList.toggle('ft-bad', Boolean(bad));
    if (!bad) timer = setTimeout(hide, 1000 * (undo ? WITH_UNDO : SECONDS));
  });
  return node;
}
