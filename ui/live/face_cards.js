// @ts-check
// A card for each face: whether the models agree, and a bar for each label of each model.
import { labelText, makeBar } from '../components/bars.js';
import { make, phrase, put } from '../components/dom.js';
import { say } from './page.js';

const MOVED = 0.1; // movements below this are not named
const MOST_MOVEMENTS = 5;

/** @typedef {import('./models.js').Answer} Answer */
/** @typedef {import('./models.js').Face} Face */
/** @typedef {ReturnType<typeof makeBar>} Bar */
/** @typedef {{ name: string, column: HTMLElement, says: HTMLElement, bars: Bar[] }} Column */
/**
 * The parts of a card that change from answer to answer.
 * @typedef {object} Card
 * @property {HTMLElement} card
 * @property {HTMLElement} badge
 * @property {HTMLElement} often
 * @property {HTMLElement} rested
 * @property {HTMLElement} moved
 * @property {Column[]} columns
 */

export class FaceCards {
  /**
   * @param {HTMLElement} place
   * @param {import('./models.js').Models} models
   */
  constructor(place, models) {
    this.place = place;
    this.models = models;
    this.built = '';
    /** @type {Card[]} */
    this.cards = [];
  }

  /**
   * Cards are built when faces, models or labels change; otherwise only their numbers do.
   * @param {Answer} answer
   */
  show(answer) {
    const faces = [...answer.faces].sort((a, b) => a.number - b.number);
    const names = faces.map((face) => [face.number, Object.keys(face.answers)]);
    const key = JSON.stringify([answer.labels, answer.own, names]);
    if (key !== this.built || !this.place.children.length) {
      this.built = key;
      this.cards = faces.map((face) => this.build(face, answer));
      this.place.replaceChildren(...this.cards.map((one) => one.card));
    }
    faces.forEach((face, at) => this.fill(this.cards[at], face, answer));
  }

  clear() {
    this.place.replaceChildren();
  }

  /**
   * @param {Face} face
   * @param {Answer} answer
   * @returns {Card}
   */
  build(face, answer) {
    const badge = make('span', { class: 'fo-badge' });
    const often = make('span', { class: 'fo-often' });
    const rested = make('span', { class: 'fo-badge fo-unsure fo-rested', text: say('rested') });
    const moved = make('p', { class: 'fo-live-moved' });
    const columns = Object.keys(face.answers).map((name) => this.column(name, answer));
    const heading = make('h2', { text: phrase('face', face.number) });
    const head = make('header', { class: 'fo-facehead' }, heading, badge, rested, often);
    const answers = make('div', { class: 'fo-answers' }, ...columns.map((one) => one.column));
    const card = make('article', { class: 'fo-card fo-live-face' }, head, answers, moved);
    return { card, badge, often, rested, moved, columns };
  }

  /**
   * A model's answer: its label in words, and a bar for each of its labels.
   * @param {string} name
   * @param {Answer} answer
   * @returns {Column}
   */
  column(name, answer) {
    const { models } = this;
    const own = Boolean(answer.own?.[name]);
    const bars = models.labels(answer, name).map((label, at) => makeBar(label, own, models.colour(label, at)));
    const says = make('p', { class: 'fo-says' });
    const list = make('ul', { class: 'fo-bars' }, ...bars.map((bar) => bar.row));
    const column = make('div', { class: 'fo-answer' }, make('h3', { text: models.title(name) }), says, list);
    return { name, column, says, bars };
  }

  /**
   * @param {Card} card
   * @param {Face} face
   * @param {Answer} answer
   */
  fill(card, face, answer) {
    this.fillHead(card, face, answer);
    card.moved.hidden = !face.movements;
    if (face.movements) put(card.moved, movementsText(face.movements, face.moved_from_rest));
    for (const column of card.columns) this.fillColumn(column, face, answer);
  }

  /**
   * @param {Card} card
   * @param {Face} face
   * @param {Answer} answer
   */
  fillHead({ badge, often, rested }, face, answer) {
    const labels = Object.values(face.shown);
    const sure = Object.keys(face.shown).every((name) => this.models.isSure(answer, face, name)); // as `text.verdict`
    const verdict = new Set(labels).size > 1 ? 'disagree' : sure ? 'agree' : 'unsure';
    put(badge, phrase(verdict));
    badge.className = `fo-badge fo-${verdict}`;
    badge.hidden = often.hidden = labels.length < 2 || Object.keys(answer.own ?? {}).length > 0;
    put(often, say('often', Math.round(100 * face.agreement)));
    rested.hidden = !face.rested;
  }

  /**
   * @param {Column} column
   * @param {Face} face
   * @param {Answer} answer
   */
  fillColumn({ name, column, says, bars }, face, answer) {
    const probabilities = face.answers[name];
    const sure = this.models.isSure(answer, face, name);
    const leading = probabilities.indexOf(Math.max(...probabilities));
    const kind = !answer.own?.[name] ? '' : name.startsWith('imported-') ? '_made' : '_own';
    put(says, say((sure ? 'says' : 'unsure') + kind, labelText(face.shown[name], kind)), 0);
    column.classList.toggle('fo-notsure', !sure);
    bars.forEach(({ row, inner, share }, at) => {
      inner.style.width = `${100 * probabilities[at]}%`;
      put(share, phrase('{0:.2f}', Math.round(100 * probabilities[at]) / 100));
      row.classList.toggle('fo-best', at === leading); // the label above may be held for a moment
    });
  }
}

/**
 * The movements that have gone furthest, in words; relative to the resting face where there is one.
 * @param {Record<string, number>} movements
 * @param {boolean} fromRest
 */
function movementsText(movements, fromRest) {
  const seen = Object.entries(movements).filter(([, value]) => Math.abs(value) >= MOVED);
  const furthest = seen.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, MOST_MOVEMENTS);
  if (!furthest.length) return phrase('moves.none');
  const form = fromRest ? '{0:+.2f}' : '{0:.2f}';
  const parts = furthest.map(([name, value]) => phrase('moves.one', phrase(`move.${name}`), phrase(form, value)));
  return phrase('moves.title', phrase(parts.map((_, at) => `{${at}}`).join(', '), ...parts));
}
