// @ts-check
// A bar for a label's probability, as Live and the patch over a face show it.
import { make, phrase } from './dom.js';

/**
 * A label in the page's language; user-defined classes stay as typed.
 * @param {string} label
 * @param {unknown} own whether it is user-defined
 * @returns {Sentence}
 */
export function labelText(label, own) {
  return own ? label : phrase(`label.${label}`);
}

/**
 * @param {Record<string, string>} colours by label; '' is the one for all others
 * @param {string} label
 * @param {number} [at] its place among a model's labels, for user-defined classes
 */
export function labelColour(colours, label, at = -1) {
  return colours[label] ?? Object.values(colours)[at] ?? colours[''];
}

/**
 * @param {string} label
 * @param {boolean} own whether it is user-defined
 * @param {string} colour
 */
export function makeBar(label, own, colour) {
  const inner = make('i');
  inner.style.background = colour;
  const word = make('span', { class: 'fo-label', text: labelText(label, own) });
  word.translate = !own;
  const track = make('span', { class: 'fo-track', 'aria-hidden': 'true' }, inner);
  const share = make('span', { class: 'fo-share' });
  return { row: make('li', { class: 'fo-bar' }, word, track, share), track, inner, share };
}
