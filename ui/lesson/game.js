// @ts-check
// You against the machines: a label for each face, then what both models say and what the class chose.
import { putMarkup } from '../components/markup.js';
import { bars, total } from './bars.js';
import { made, named, say } from './messages.js';

const EVERY = 4000; // milliseconds between two looks at what the class chose

/** @param {string[]} labels */
export const GAME = (labels) => `
  <div class="fl-round"><div class="fl-picture"></div>
    <form><p class="fl-count"></p>
      <fieldset><legend data-i18n="lesson.ask"></legend>${labels
        .map(
          (label) =>
            `<label><input type="radio" name="fl-label" value="${label}"><span data-i18n="label.${label}"></span></label>`,
        )
        .join('')}</fieldset>
      <button type="submit" class="fl-main" disabled data-i18n="lesson.commit"></button>
      <button type="button" class="fl-main fl-next" hidden></button>
      <p class="fl-said" role="status" aria-live="polite"></p><p class="fl-once" hidden data-i18n="lesson.once"></p></form></div>
  <div class="fl-reveal" hidden><div class="fo-answers"></div></div>`;

/** Random, and the same after a reload of this page: its vote is counted once. */
export function voter() {
  const fresh = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('');
  try {
    return (sessionStorage['face-off-voter'] ??= fresh);
  } catch {
    return fresh;
  }
}

/** @typedef {import('./bars.js').Board & { label: string, counted: boolean, answers: string }} Revealed */

export class Game {
  at = 0;
  busy = false;
  /** @type {Revealed[]} */
  results = [];
  voter = voter();
  /** @type {Revealed | undefined} */
  answer;
  poll = made('section', null, 'fl-poll');

  /**
   * @param {HTMLElement} root laid out as `GAME`
   * @param {HTMLElement} end where all faces are shown together
   * @param {import('./bars.js').Props} props
   * @param {Server} server
   */
  constructor(root, end, { faces, labels, titles }, server) {
    this.root = root;
    this.end = end;
    this.faces = faces;
    this.titles = titles;
    this.server = server;
    this.form = this.find('form');
    this.commit = this.find('[type=submit]');
    this.next = this.find('.fl-next');
    this.bars = bars(labels, {}); // the models' own bars are beside it
    this.poll.append(made('h4', say('class')), this.bars.element);
    this.form.addEventListener('change', () => this.chosen());
    this.form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.lockIn();
    });
    this.next.addEventListener('click', () => this.goOn());
    this.show();
    this.follow();
  }

  /**
   * @param {string} selector
   * @returns {any} an element of this script's own markup
   */
  find(selector) {
    return this.root.querySelector(selector);
  }

  get label() {
    return this.form.elements['fl-label'].value;
  }

  chosen() {
    this.commit.disabled = this.busy || !this.label;
  }

  /** The picture, and no answer. */
  show() {
    this.form.reset();
    putMarkup(this.find('.fl-picture'), this.faces[this.at].picture);
    window.faceOffPut(this.find('.fl-count'), say('count', this.at + 1, this.faces.length));
    for (const one of [this.find('.fl-reveal'), this.find('.fl-once'), this.next]) one.hidden = true;
    this.commit.hidden = false;
    this.commit.disabled = true;
    window.faceOffPut(this.find('.fl-said'), '');
    this.find('fieldset').disabled = false;
  }

  async lockIn() {
    const { label } = this;
    if (!label || this.busy) return;
    this.busy = this.commit.disabled = true;
    const picture = this.faces[this.at].name,
      answer = await this.server.commit({ picture, label, voter: this.voter });
    this.busy = false;
    if (answer?.answers) return this.reveal(answer);
    this.commit.disabled = false;
    window.faceOffPut(this.find('.fl-said'), answer?.words ?? say('lost'));
  }

  /** @param {Revealed} answer */
  reveal(answer) {
    this.find('fieldset').disabled = this.commit.hidden = true;
    putMarkup(this.find('.fo-answers'), answer.answers);
    this.find('.fo-answers').append(this.poll);
    this.answer = answer;
    this.bars.show(answer);
    this.results.push(answer);
    window.faceOffPut(this.find('.fl-said'), say(comparison(answer)));
    this.find('.fl-once').hidden = answer.counted;
    this.find('.fl-reveal').hidden = this.next.hidden = false;
    window.faceOffPut(this.next, say(this.at + 1 < this.faces.length ? 'next' : 'finish'));
    this.next.focus();
  }

  goOn() {
    if (this.at + 1 >= this.faces.length) return this.root.dispatchEvent(new CustomEvent('fl-finished'));
    this.at += 1;
    this.show();
    this.form.elements['fl-label'][0].focus();
  }

  again() {
    this.at = 0;
    this.results = [];
    this.show();
    this.root.dispatchEvent(new CustomEvent('fl-again'));
    this.form.elements['fl-label'][0].focus();
  }

  /** Ask now and then what others chose, while it is shown. */
  async follow() {
    if (!this.poll.offsetParent || document.hidden) return setTimeout(() => this.follow(), EVERY);
    const picture = this.faces[this.at]?.name,
      votes = (await this.votes())[picture];
    if (votes && this.answer && this.faces[this.at]?.name === picture) this.bars.show({ ...this.answer, votes });
    setTimeout(() => this.follow(), EVERY);
  }

  /** @returns {Promise<Record<string, import('./bars.js').Votes>>} */
  async votes() {
    try {
      return (await this.server.votes({ voter: this.voter }))?.votes ?? {};
    } catch {
      return {}; // the next look may succeed
    }
  }

  /** All faces: you, the class, and each model, with what was the same and how often. */
  async summary() {
    this.end.replaceChildren(); // what was shown of an earlier round
    if (this.results.length < this.faces.length) return this.end.replaceChildren(made('p', say('none_yet'), 'fl-said'));
    const again = made('button', say('again'), 'fl-again'),
      box = made('div', null, 'fl-scroll');
    again.type = 'button';
    again.addEventListener('click', () => this.again());
    box.append(this.table(await this.votes()));
    this.end.replaceChildren(this.totals(), box, made('p', say('no_right')), again);
  }

  totals() {
    const list = made('ul', null, 'fl-totals');
    for (const [name, title] of Object.entries(this.titles)) {
      const same = this.results.filter((one) => one.models[name].label === one.label).length;
      list.append(made('li', say('total_n', title, same, this.results.length)));
    }
    return list;
  }

  /** @param {Record<string, import('./bars.js').Votes>} votes without those of faces on which no vote was counted */
  table(votes) {
    const table = document.createElement('table'),
      body = table.createTBody();
    const heads = [say('face'), say('you'), say('the_class'), ...Object.values(this.titles)];
    table
      .createTHead()
      .insertRow()
      .append(...heads.map(columnHead));
    this.results.forEach((one, i) => {
      const row = body.insertRow(),
        picture = document.createElement('th'),
        models = Object.keys(this.titles).map((name) => modelCell(one.models[name], one.label));
      picture.scope = 'row';
      putMarkup(picture, this.faces[i].picture);
      row.append(picture, made('td', named(one.label)), classCell(votes[this.faces[i].name] ?? one.votes), ...models);
    });
    return table;
  }
}

/**
 * Which sentence says how the models' answers compare with the pupil's label.
 * @param {Revealed} answer
 */
function comparison({ label, models }) {
  const same = Object.values(models).filter((one) => one.label === label),
    sentences = same.every((one) => one.sure)
      ? ['like_none', 'like_one', 'like_both']
      : ['like_none', 'like_one_unsure', 'like_both_unsure'];
  return sentences[same.length];
}

/** @param {Message | string} title */
function columnHead(title) {
  const cell = made('th', title);
  cell.scope = 'col';
  return cell;
}

/** @param {import('./bars.js').Votes} votes */
function classCell(votes) {
  const all = total(votes),
    most = Math.max(0, ...Object.values(votes)),
    cell = document.createElement('td');
  if (!all) cell.append(made('p', say('votes_n', 0)));
  for (const label of Object.keys(votes).filter((one) => votes[one] === most)) {
    cell.append(made('p', say('most_n', named(label), most, all)));
  }
  return cell;
}

/**
 * @param {import('./bars.js').Answer} answer
 * @param {string} yours
 */
function modelCell({ label, sure }, yours) {
  const cell = document.createElement('td');
  cell.append(made('span', named(label)));
  if (label === yours) {
    const mark = made('span', ' ✓', 'fl-mark');
    mark.setAttribute('aria-hidden', 'true');
    cell.append(mark, made('span', say('same'), 'fl-unseen'));
  }
  if (!sure) cell.append(' ', made('small', say('not_sure')));
  return cell;
}
