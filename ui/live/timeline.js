// @ts-check
// The session's answers, in this page only: a strip for each face and model, and the file to download.
import { labelText } from '../components/bars.js';
import { download, make, phrase, put } from '../components/dom.js';
import { say } from './page.js';
import { sessionFile } from './session_file.js';

const MOST_ROWS = 40_000;
const MOST_STRIPS = 16;
const WINDOW = 60; // seconds
const DRAW_EVERY = 400; // milliseconds
const HEIGHT = 14; // pixels
const LONGEST_GAP = 0.7; // seconds that a strip is continued over

/** @typedef {import('./models.js').Answer} Answer */
/** @typedef {{ seconds: number, face: number, model: string, label: string, probability: number }} Row */

export class Timeline {
  /**
   * @param {import('./page.js').LivePage} page
   * @param {import('./models.js').Models} models
   * @param {string} privacy what the file says about itself
   */
  constructor(page, models, privacy) {
    this.page = page;
    this.models = models;
    this.strips = page.find('.fo-strips');
    /** @type {Row[]} */
    this.rows = [];
    this.began = 0;
    this.drawnAt = 0;
    /** @type {string[]} the labels of the last answer */
    this.labels = [];
    page.find('.fo-downloads').addEventListener('click', ({ target }) => {
      const kind = target instanceof HTMLElement && target.dataset.kind;
      if (kind) download(sessionFile(kind, this.rows, privacy), `face-off-session.${kind}`);
    });
  }

  /** @param {number} now */
  begin(now) {
    this.began = now;
  }

  clear() {
    this.rows = [];
    this.strips.replaceChildren();
  }

  /**
   * Answers count once: frames that the models did not read are left out.
   * @param {Answer} answer
   * @param {number} now
   */
  add(answer, now) {
    if (!answer.read) return;
    const seconds = Math.round(now - this.began) / 1000;
    this.labels = answer.labels;
    for (const face of answer.faces) {
      for (const [model, label] of Object.entries(face.shown)) {
        const probability = this.models.probability(answer, face, model);
        this.rows.push({ seconds, face: face.number, model, label, probability });
      }
    }
    if (this.rows.length > MOST_ROWS) this.rows = this.rows.slice(this.rows.length - MOST_ROWS);
  }

  /** @param {number} now */
  show(now) {
    if (now - this.drawnAt < DRAW_EVERY || !this.rows.length) return;
    this.drawnAt = now;
    const end = (now - this.began) / 1000;
    const since = Math.max(0, end - WINDOW);
    const lines = this.lines(since);
    const span = Math.max(WINDOW / 4, end - since);
    this.page.find('.fo-timeline').hidden = false;
    this.layStrips(lines.length);
    lines.forEach((points, at) => this.draw(this.strips.children[at], points, end - span, span));
    put(this.page.find('.fo-axis span'), say('ago', Math.round(span)));
    this.legend([...new Set(lines.flatMap((points) => points.map((row) => row.label)))]);
  }

  /**
   * The rows of each face and model, newest first; faces in order, and a face's models in order.
   * @param {number} since
   */
  lines(since) {
    /** @type {Map<string, Row[]>} */
    const lines = new Map();
    for (let i = this.rows.length - 1; i >= 0 && this.rows[i].seconds >= since; i -= 1) {
      const key = `${this.rows[i].face}\n${this.rows[i].model}`;
      if (!lines.has(key)) lines.set(key, []);
      lines.get(key)?.push(this.rows[i]);
    }
    const order = Object.keys(this.models.all);
    const rank = (/** @type {Row} */ row) => 100 * row.face + order.indexOf(row.model);
    return [...lines.values()].sort(([a], [b]) => rank(a) - rank(b)).slice(-MOST_STRIPS);
  }

  /** @param {number} wanted how many strips there have to be */
  layStrips(wanted) {
    while (this.strips.children.length > wanted) this.strips.lastElementChild?.remove();
    while (this.strips.children.length < wanted) {
      this.strips.append(make('div', { class: 'fo-strip' }, make('span'), make('canvas')));
    }
  }

  /**
   * @param {Element} strip
   * @param {Row[]} points newest first
   * @param {number} since
   * @param {number} span
   */
  draw(strip, points, since, span) {
    const [name, bar] = strip.children;
    put(name, phrase('{0}, {1}', phrase('face', points[0].face), this.models.title(points[0].model)));
    if (!(bar instanceof HTMLCanvasElement)) return;
    bar.width = bar.clientWidth;
    bar.height = HEIGHT;
    const pen = bar.getContext('2d');
    if (!pen) return;
    const x = (/** @type {number} */ seconds) => ((seconds - since) / span) * bar.width;
    points.forEach((point, at) => {
      // Each reaches to the next newer one, unless that is much later.
      const until = Math.min(points[at - 1]?.seconds ?? point.seconds + 0.1, point.seconds + LONGEST_GAP);
      pen.fillStyle = this.models.colour(point.label);
      pen.fillRect(x(point.seconds), 0, x(until) - x(point.seconds) + 1, HEIGHT);
    });
  }

  /**
   * Which colour is which label, of those that the strips show.
   * @param {string[]} shown
   */
  legend(shown) {
    const list = this.page.find('.fo-key');
    const order = [...this.labels, ...shown];
    const labels = shown.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const key = JSON.stringify(labels);
    if (list.dataset.labels === key) return;
    list.dataset.labels = key;
    list.replaceChildren(...labels.map((label) => this.swatch(label)));
  }

  /** @param {string} label */
  swatch(label) {
    const own = !this.labels.includes(label);
    const swatch = make('i');
    swatch.style.background = this.models.colour(label);
    const word = make('span', { text: labelText(label, own) });
    word.translate = !own;
    return make('li', {}, swatch, word);
  }
}
