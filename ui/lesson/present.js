// @ts-check
// The view for the projector: each face with the number of votes, then the class beside both models.
import { putMarkup } from '../components/markup.js';
import { bars, total } from './bars.js';
import { made, say } from './messages.js';

const EVERY = 2000; // milliseconds between two looks at the votes
const FORWARD = ['ArrowRight', 'ArrowDown', 'PageDown', ' ', 'Enter'];
const BACK = ['ArrowLeft', 'ArrowUp', 'PageUp'];

/** @typedef {Record<string, import('./bars.js').Board>} Boards by picture */

export class Present {
  at = 0;
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
  constructor(root, { faces, labels, titles }, boards) {
    this.faces = faces;
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
   * Two steps a face: the picture, then the answers. After the last nothing follows.
   * @param {1 | -1} way
   */
  go(way) {
    this.at = Math.min(Math.max(0, this.at + way), 2 * this.faces.length - 1);
    this.draw();
    this.refresh();
  }

  get face() {
    return Math.floor(this.at / 2);
  }

  draw() {
    const picture = made('div', null, 'fl-shown'),
      revealed = this.at % 2 === 1;
    putMarkup(picture, this.faces[this.face].picture);
    const question = made('div', null, 'fl-question');
    question.append(made('p', say('ask')), this.votes);
    this.slide.replaceChildren(picture, revealed ? this.bars.element : question);
    window.faceOffPut(this.status, say('count', this.face + 1, this.faces.length));
    this.fill();
  }

  fill() {
    const board = this.last?.[this.faces[this.face].name];
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
