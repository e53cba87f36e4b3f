// @ts-check
// The patch that is dragged over a face's crop, in the fold below each face: `cover.py` lays the fold out and answers.
import { labelColour, labelText, makeBar } from '../components/bars.js';
import { make, phrase, phrasesOf, put } from '../components/dom.js';

const STEP = 0.04; // of the crop's side, for an arrow key
const GROWTH = 0.05;
const QUIET = 600; // milliseconds without a change before the answer is read out
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** @type {Record<string, number>} */
const GROW = { '+': 1, '=': 1, '-': -1, _: -1 };
const say = phrasesOf('cover');
/** @type {(low: number, value: number, high: number) => number} */
const between = (low, value, high) => Math.max(low, Math.min(value, high));

/** @typedef {{ sizes: [number, number], colours: Record<string, string> }} Given */
/** @typedef {{ labels: string[], shares: number[], made_up: boolean, unknown: string[] }} ModelAnswer */
/** @typedef {{ crop: string, part?: string, answers: Record<string, ModelAnswer> }} Answer */
/** @typedef {{ name: string, title: Sentence }} Model */
/**
 * A model's answer: without the patch, and the parts of the page that show the one with it.
 * @typedef {object} Column
 * @property {Model} model
 * @property {HTMLElement} change
 * @property {{ row: HTMLElement, inner: HTMLElement, share: HTMLElement }[]} bars
 * @property {number} best the leading label without the patch
 * @property {ModelAnswer} before
 */

window.faceOffCover = (_element, props, server) => {
  const given = JSON.parse(JSON.stringify({ sizes: props.sizes, colours: props.colours }));
  // <details> tell of their opening by an event that does not bubble.
  document.addEventListener(
    'toggle',
    (event) => {
      const fold = event.target;
      if (!(fold instanceof HTMLElement) || !fold.matches('.fo-cover[open]') || fold.dataset.ready) return;
      fold.dataset.ready = 'yes';
      void new Patch(fold, given, server).ask();
    },
    true,
  );
};

class Patch {
  /**
   * @param {HTMLElement} fold
   * @param {Given} given
   * @param {Server} server
   */
  constructor(fold, given, server) {
    this.fold = fold;
    this.given = given;
    this.server = server;
    /** @type {{ models: Model[] }} what the server is asked about, besides the patch */
    this.asked = JSON.parse(fold.dataset.cover ?? '{}');
    /** @type {{ x: number, y: number } | null} its middle, in parts of the crop's side */
    this.place = null;
    this.size = 0.3;
    this.busy = false;
    this.waiting = false;
    /** @type {Column[]} */
    this.columns = [];
    /** @type {number[]} of the answers in the last second */
    this.times = [];
    this.quiet = 0;
    this.sheet = make('canvas');
    this.patch = make('i', { class: 'fo-patch', hidden: true });
    this.stage = make('div', {
      class: 'fo-stage-cover',
      tabindex: 0,
      role: 'application',
      'aria-label': say('stage'),
    });
    this.stage.append(this.sheet, this.patch);
    const [min, max] = given.sizes;
    this.slider = make('input', { type: 'range', min, max, step: GROWTH, value: this.size });
    this.lift = make('button', { class: 'fo-lift', type: 'button', text: say('lift'), disabled: true });
    this.spoken = make('p', { class: 'fo-cover-said', role: 'status' });
    this.answers = make('div', { class: 'fo-answers' });
    this.lay();
    this.listen();
  }

  lay() {
    const size = make('label', {}, make('span', { text: say('size') }), this.slider);
    const tools = make('div', { class: 'fo-cover-tools' }, size, this.lift);
    const left = make('div', { class: 'fo-cover-left' }, this.stage, tools, this.spoken);
    const hint = make('p', { class: 'fo-cover-hint', text: say('hint') });
    this.fold.append(hint, make('div', { class: 'fo-covering' }, left, this.answers));
  }

  // ---- the patch

  listen() {
    const { stage } = this;
    stage.addEventListener('pointerdown', (event) => {
      if (event.button) return;
      stage.setPointerCapture(event.pointerId);
      stage.focus({ preventScroll: true });
      event.preventDefault();
      this.drag(event);
    });
    stage.addEventListener('pointermove', (event) => {
      if (stage.hasPointerCapture(event.pointerId)) this.drag(event);
    });
    stage.addEventListener('keydown', (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && this.press(event.key)) event.preventDefault();
    });
    this.slider.addEventListener('input', () => this.resize(Number(this.slider.value)));
    this.lift.addEventListener('click', () => this.moveTo(null));
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const box = this.stage.getBoundingClientRect();
    this.move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }

  /**
   * @param {string} key
   * @returns {boolean} whether it does anything
   */
  press(key) {
    const arrow = ARROWS[key];
    if (arrow) this.move((this.place?.x ?? 0.5) + STEP * arrow[0], (this.place?.y ?? 0.5) + STEP * arrow[1]);
    else if (GROW[key]) this.resize(this.size + GROWTH * GROW[key]);
    else if (key === 'Escape' || key === 'Delete') this.moveTo(null);
    else return false;
    return true;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  move(x, y) {
    this.moveTo({ x: between(0, x, 1), y: between(0, y, 1) });
  }

  /** @param {{ x: number, y: number } | null} place null takes the patch off */
  moveTo(place) {
    this.place = place;
    this.changed();
  }

  /** @param {number} size */
  resize(size) {
    this.size = between(this.given.sizes[0], size, this.given.sizes[1]);
    this.slider.value = String(this.size);
    this.changed();
  }

  changed() {
    const { place, patch, size } = this;
    patch.hidden = this.lift.disabled = !place;
    if (place) {
      Object.assign(patch.style, { left: `${100 * place.x}%`, top: `${100 * place.y}%`, width: `${100 * size}%` });
    }
    void this.ask();
  }

  // ---- answers

  /** One call is under way at a time; when it is answered, the patch's newest place goes out. */
  async ask() {
    this.waiting = true;
    if (this.busy) return;
    this.busy = true;
    const models = this.asked.models.map((one) => one.name);
    while (this.waiting) {
      this.waiting = false;
      const patch = this.place && [this.place.x, this.place.y, this.size];
      const answer = await this.server.cover({ ...this.asked, models, patch });
      if (!this.fold.isConnected) return;
      if (answer?.answers) this.show(answer);
      else if (answer?.words) put(this.spoken, answer.words);
    }
    this.busy = false;
  }

  /** @param {Answer} answer */
  show(answer) {
    this.paint(answer.crop);
    if (!this.columns.length) this.build(answer);
    for (const column of this.columns) this.fill(column, answer.answers[column.model.name]);
    const now = performance.now();
    this.times = [...this.times.filter((time) => now - time < 1000), now];
    this.fold.dataset.rate = String(this.times.length); // answers in the last second
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.speak(answer), QUIET);
  }

  /** @param {string} code the crop's grey values, as base64 */
  paint(code) {
    const grey = Uint8Array.from(atob(code), (one) => one.charCodeAt(0));
    const side = Math.round(Math.sqrt(grey.length));
    const image = new ImageData(side, side);
    grey.forEach((value, at) => image.data.set([value, value, value, 255], 4 * at));
    if (this.sheet.width !== side) this.sheet.width = this.sheet.height = side;
    this.sheet.getContext('2d')?.putImageData(image, 0, 0);
  }

  /** @param {Answer} answer the first one, which is without the patch */
  build(answer) {
    this.columns = this.asked.models
      .filter(({ name }) => answer.answers[name])
      .map((model) => this.column(model, answer.answers[model.name]));
  }

  /**
   * @param {Model} model
   * @param {ModelAnswer} before
   * @returns {Column}
   */
  column(model, before) {
    const { labels, shares } = before;
    const bars = labels.map((label, at) => this.bar(before, label, at));
    const change = make('p', { class: 'fo-says' });
    const list = make('ul', { class: 'fo-bars' }, ...bars.map((bar) => bar.row));
    this.answers.append(make('div', { class: 'fo-answer' }, make('h4', { text: model.title }), change, list));
    return { model, change, bars, best: shares.indexOf(Math.max(...shares)), before };
  }

  /**
   * A bar with a mark at the probability without the patch.
   * @param {ModelAnswer} before
   * @param {string} label
   * @param {number} at
   */
  bar({ shares, made_up: own, unknown }, label, at) {
    const bar = makeBar(label, own, labelColour(this.given.colours, label, at));
    const mark = make('u', { hidden: unknown.includes(label) });
    mark.style.left = `${100 * shares[at]}%`;
    bar.track.append(mark);
    return bar;
  }

  /**
   * @param {Column} column
   * @param {ModelAnswer} now
   */
  fill(column, now) {
    const leading = now.shares.indexOf(Math.max(...now.shares));
    column.bars.forEach(({ row, inner, share }, at) => {
      inner.style.width = `${100 * now.shares[at]}%`;
      put(share, phrase('{0:.2f}', now.shares[at]));
      row.classList.toggle('fo-best', at === leading);
    });
    put(column.change, this.change(column, now));
  }

  /**
   * The leading label's probability, before and with the patch.
   * @param {Column} column
   * @param {ModelAnswer} now
   */
  change({ before, best }, now) {
    const label = labelText(now.labels[best], before.made_up);
    if (!this.place) return phrase('{0} {1:.2f}', label, now.shares[best]);
    return phrase('{0} {1:.2f} → {2:.2f}', label, before.shares[best], now.shares[best]);
  }

  /** @param {Answer} answer */
  speak({ part, answers }) {
    const changes = this.columns.map((column) => {
      const { name, title } = column.model;
      return window.faceOffText(phrase('{0}: {1}', title, this.change(column, answers[name])));
    });
    const where = part ? say('covered', phrase(`part.${part}`)) : say('nothing');
    put(this.spoken, [window.faceOffText(where), ...changes].join(' · '));
  }
}
