// @ts-check
// The view for the projector: the class's address, each face with the number of votes, then the class beside both
// models, and the other steps of the lesson.
import { putMarkup } from '../components/markup.js';
import { bars, total } from './bars.js';
import { made, say } from './messages.js';

const EVERY = 2000; // milliseconds between two looks at the votes
const FORWARD = ['ArrowRight', 'ArrowDown', 'PageDown', ' ', 'Enter'];
const BACK = ['ArrowLeft', 'ArrowUp', 'PageUp'];

/** @typedef {Record<string, import('./bars.js').Board>} Boards by picture */

export class Present {
  at = 0;
  face = -1;
  dialog = made('dialog', null, 'fl-present');
  slide = made('div', null, 'fl-slide');
  status = made('p', null, 'fl-where');
  close = made('button', '×', 'fl-close');
  votes = made('p', null, 'fl-votes');
  /** @type {Boards | undefined} */
  last;
  timer = 0;

  /**
   * @param {HTMLElement} root where the dialog goes
   * @param {import('./bars.js').Props} props
   * @param {() => Promise<Boards | undefined>} boards asks the server
   */
  constructor(root, { faces, labels, titles, steps }, boards) {
    this.faces = faces;
    this.steps = steps;
    this.boards = boards;
    window.faceOffLabel(this.dialog, 'aria-label', say('present'));
    this.close.type = 'button';
    window.faceOffLabel(this.close, 'aria-label', say('close'));
    this.status.setAttribute('role', 'status');
    this.bars = bars(labels, titles);
    this.dialog.append(this.slide, this.status, this.close);
    root.append(this.dialog);
    this.listen();
  }

  listen() {
    this.close.addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('click', (event) => event.target !== this.close && this.go(1));
    this.dialog.addEventListener('keydown', (event) => this.key(event));
    this.dialog.addEventListener('pointermove', () => this.dialog.classList.add('fl-moved'));
    this.dialog.addEventListener('close', () => {
      if (document.fullscreenElement) document.exitFullscreen();
      clearTimeout(this.timer);
    });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.target === this.close && [' ', 'Enter'].includes(event.key)) return;
    const way = FORWARD.includes(event.key) ? 1 : BACK.includes(event.key) ? -1 : null;
    if (!way) return;
    event.preventDefault();
    this.dialog.classList.remove('fl-moved');
    this.go(way);
  }

  async open() {
    // First, because the page in full screen would cover a dialog that is open already.
    await document.documentElement.requestFullscreen?.().catch(() => undefined);
    this.dialog.classList.remove('fl-moved');
    this.dialog.showModal();
    this.slide.tabIndex = -1;
    this.draw();
    this.slide.focus();
    this.follow();
  }

  /**
   * What is shown one after the other: the address if there is one, two slides a face, and a slide a step.
   * @returns {(() => Element[])[]}
   */
  slides() {
    const code = document.querySelector('.fl-join:has(svg)');
    return [
      ...(code ? [() => [copy(code)]] : []),
      ...this.faces.flatMap((_, at) => [() => this.ask(at), () => this.answer(at)]),
      ...this.steps.slice(2).map((step, at) => () => this.task(step, at + 2)),
    ];
  }

  /** @param {1 | -1} way */
  go(way) {
    this.at = Math.min(Math.max(0, this.at + way), this.slides().length - 1);
    this.draw();
    this.refresh();
  }

  draw() {
    this.face = -1;
    window.faceOffPut(this.status, '');
    const parts = this.slides()[this.at]();
    this.slide.classList.toggle('fl-alone', parts.length === 1);
    this.slide.replaceChildren(...parts);
    this.fill();
  }

  /** @param {number} at */
  picture(at) {
    const picture = made('div', null, 'fl-shown');
    this.face = at;
    putMarkup(picture, this.faces[at].picture);
    window.faceOffPut(this.status, say('count', at + 1, this.faces.length));
    return picture;
  }

  /** @param {number} at */
  ask(at) {
    const question = made('div', null, 'fl-question');
    question.append(made('p', say('ask')), this.votes);
    return [this.picture(at), question];
  }

  /** @param {number} at */
  answer(at) {
    return [this.picture(at), this.bars.element];
  }

  /**
   * @param {import('./steps.js').Step} step
   * @param {number} at
   */
  task(step, at) {
    const task = made('div', null, 'fl-question'),
      head = made('h2', null);
    head.append(made('span', step.title), ' ', made('small', step.minutes));
    task.append(head, made('p', step.todo), ...step.questions.map((one) => made('p', one, 'fl-asked')));
    window.faceOffPut(this.status, say('step_n', at + 1, this.steps.length));
    return [task];
  }

  fill() {
    const board = this.last?.[this.faces[this.face]?.name ?? ''];
    if (!board) return;
    this.bars.show(board);
    window.faceOffPut(this.votes, say('votes_n', total(board.votes)));
  }

  async refresh() {
    const boards = await this.boards().catch(() => undefined); // the next look may succeed
    if (boards) this.last = boards;
    this.fill();
  }

  async follow() {
    await this.refresh();
    if (this.dialog.open) this.timer = window.setTimeout(() => this.follow(), EVERY);
  }
}

/** @param {Element} section */
function copy(section) {
  const copied = made('div', null, 'fl-invited');
  copied.append(...[...section.children].map((one) => one.cloneNode(true)));
  return copied;
}
