// @ts-check
// The class beside both models: a row a label, a bar each.
import { made, named, say } from './messages.js';

/**
 * @typedef {{ label: string, sure: boolean, shares: Record<string, number> }} Answer
 * @typedef {Record<string, number>} Votes by label
 * @typedef {{ votes: Votes, models: Record<string, Answer> }} Board
 * @typedef {Record<string, Message | string>} Titles of the models, by name
 * @typedef {{ name: string, picture: string }} Face
 * @typedef {{ faces: Face[], labels: string[], titles: Titles, steps: import('./steps.js').Step[] }} Props
 */

/** @param {Votes} votes */
export const total = (votes) => Object.values(votes).reduce((sum, one) => sum + one, 0);

/**
 * An element, and what shows a board in it. Elements stay while the numbers change, so that a screen reader is not
 * sent back to the top every two seconds.
 * @param {string[]} labels
 * @param {Titles} titles without any the class is alone, and needs no legend
 */
export function bars(labels, titles) {
  const voices = { class: say('the_class'), ...titles };
  const element = document.createElement('div');
  element.className = 'fl-bars';
  element.append(...(Object.keys(titles).length ? [legend(voices)] : []), rows(labels, voices));
  const tracks = /** @type {HTMLElement[]} */ ([...element.querySelectorAll('.fl-bar')]);
  return {
    element,
    /** @param {Board} board */
    show(board) {
      const votes = total(board.votes);
      for (const track of tracks) {
        const { label = '', voice = '' } = track.dataset;
        if (voice === 'class') fill(track, votes ? (board.votes[label] ?? 0) / votes : 0, board.votes[label] ?? 0);
        else
          fill(track, board.models[voice].shares[label], { key: '{0:.2f}', args: [board.models[voice].shares[label]] });
      }
    },
  };
}

/** @param {Titles} voices */
function legend(voices) {
  const list = document.createElement('ul');
  list.className = 'fl-legend';
  list.setAttribute('aria-hidden', 'true');
  Object.values(voices).forEach((title, at) => {
    const item = document.createElement('li');
    item.append(made('i', null, `fl-voice${at}`), made('span', title));
    list.append(item);
  });
  return list;
}

/**
 * @param {string[]} labels
 * @param {Titles} voices
 */
function rows(labels, voices) {
  const list = document.createElement('ul');
  list.className = 'fl-rows';
  for (const label of labels) {
    const row = document.createElement('li'),
      group = document.createElement('span');
    group.className = 'fl-group';
    Object.entries(voices).forEach(([voice, title], at) => group.append(bar(label, voice, title, at)));
    row.append(made('b', named(label)), group);
    list.append(row);
  }
  return list;
}

/**
 * @param {string} label
 * @param {string} voice
 * @param {Message | string} title
 * @param {number} at which colour
 */
function bar(label, voice, title, at) {
  const element = made('span', null, 'fl-bar'),
    track = made('span', null, 'fl-track');
  Object.assign(element.dataset, { label, voice });
  track.setAttribute('aria-hidden', 'true');
  track.append(made('i', null, `fl-voice${at}`));
  element.append(made('span', title, 'fl-unseen'), track, made('span', null, 'fl-share'));
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {number} share of the track
 * @param {number | Message} words beside it
 */
function fill(element, share, words) {
  const track = /** @type {HTMLElement} */ (element.querySelector('i'));
  const text = element.querySelector('.fl-share');
  track.style.width = `${100 * share}%`;
  if (text) window.faceOffPut(text, typeof words === 'number' ? { key: '{0}', args: [words] } : words);
}
