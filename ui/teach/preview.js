// @ts-check
// Both models answer, for the camera or a picture.
import { ClosedError, cameraProblem, cameraVideo } from '../components/camera.js';
import { make, phrase, put, span } from '../components/dom.js';
import { Answers } from './answers.js';
import { button, say } from './session.js';
import { grab, rest } from './recorder.js';

const MIN_GAP = 1000 / 15; // milliseconds
const HIDDEN_GAP = 200;

/**
 * The faces of a picture.
 * @typedef {{ size: [number, number], faces: { box: number[], answers: Record<string, number[]> }[] }} Found
 */

export class Preview {
  /**
   * @param {import('./session.js').TeachSession} session
   * @param {import('../components/camera.js').SharedCamera} camera
   */
  constructor(session, camera) {
    this.session = session;
    this.camera = camera;
    this.video = cameraVideo();
    this.answers = new Answers(session);
    this.running = 0; // which run is going on
    this.runs = 0;
    /** @type {Found | null} */
    this.last = null;
    this.still = make('img', { class: 'ft-still', alt: say('picture'), hidden: true });
    this.canvas = make('canvas', { 'aria-hidden': 'true' });
    this.words = make('p', { class: 'ft-screen-words', text: say('preview_idle') });
    this.screen = make('div', { class: 'ft-screen ft-idle' }, this.video, this.still, this.canvas, this.words);
    this.joined = make('p', { class: 'ft-hint', hidden: true });
    this.cam = button(say('webcam'), () => (this.running ? this.stop() : this.start()), 'ft-cam', { disabled: true });
    this.files = make('input', { type: 'file', accept: 'image/*', hidden: true, 'aria-label': say('picture') });
    this.pick = button(say('picture'), () => this.files.click(), '', { disabled: true });
    this.files.addEventListener('change', () => this.picture());
    this.drawings = 0; // how many were shown
    this.drawn = button(say('drawn_face'), () => this.drawing(), '', { disabled: true });
    this.node = this.lay();
    session.on('lesson', () => this.reset());
    session.on('training', () => this.stop());
    session.on('trained', () => this.begin());
  }

  lay() {
    this.slider = make('input', {
      type: 'range',
      min: 0,
      max: 1,
      step: 0.01,
      value: 0.6,
      'aria-label': say('threshold'),
    });
    this.sliderWords = make('output');
    this.threshold = make('label', { class: 'ft-threshold', hidden: true }, span(say('threshold')), this.slider);
    this.threshold.append(this.sliderWords);
    this.slider.addEventListener('input', () => {
      this.setLeast(Number(this.slider?.value));
      if (this.last) this.show(this.last);
    });
    return make(
      'section',
      { class: 'ft-card ft-preview', 'aria-label': say('preview') },
      make('h3', { text: say('preview') }),
      this.screen,
      make('div', { class: 'ft-buttons' }, this.cam, this.pick, this.drawn, this.files),
      this.threshold,
      this.answers.node,
      this.joined,
    );
  }

  /** @param {number} least below this confidence a model is not sure */
  setLeast(least) {
    this.answers.least = least;
    if (this.sliderWords) put(this.sliderWords, phrase('{0:.2f}', least));
  }

  async picture() {
    const [file] = this.files.files ?? [];
    this.files.value = '';
    if (!file) return;
    this.stop();
    const path = await this.session.send(file);
    if (!path) return;
    this.still.src = URL.createObjectURL(file);
    this.still.hidden = false;
    this.screen.classList.remove('ft-idle');
    put(this.words);
    const answer = await this.session.ask('preview', { path });
    if (answer.failed) return this.stop();
    this.screen.style.aspectRatio = `${answer.size[0]} / ${answer.size[1]}`;
    this.show(answer);
  }

  /** After training, with what the samples came from: the camera, or drawn faces. */
  begin() {
    if (this.session.drawn) this.drawing();
    else if (this.camera.used) this.start();
  }

  /** A drawn face that the models have not seen; the next one every time. */
  async drawing() {
    this.stop();
    const mine = (this.running = ++this.runs);
    const answer = await this.session.ask('preview', { drawing: this.drawings++ });
    if (mine !== this.running) return;
    this.running = 0;
    if (answer.failed) return;
    this.still.src = answer.picture;
    this.still.hidden = false;
    this.screen.classList.remove('ft-idle');
    put(this.words);
    this.screen.style.aspectRatio = `${answer.size[0]} / ${answer.size[1]}`;
    this.show(answer);
  }

  async start() {
    this.stop();
    const mine = (this.running = ++this.runs);
    this.screen.classList.remove('ft-idle');
    put(this.cam, phrase('live.stop'));
    put(this.words, phrase('live.opening'));
    try {
      await this.camera.open(this);
    } catch (error) {
      if (mine !== this.running || error instanceof ClosedError) return;
      this.stop();
      return put(this.words, cameraProblem(error));
    }
    if (mine !== this.running) return;
    put(this.words);
    this.screen.style.aspectRatio = `${this.video.videoWidth} / ${this.video.videoHeight}`;
    await this.follow(mine);
  }

  /** Ask about frame after frame. @param {number} mine which run this is */
  async follow(mine) {
    while (mine === this.running) {
      const at = performance.now();
      if (this.video.readyState < 2 || document.hidden) {
        await rest(HIDDEN_GAP);
        continue;
      }
      const answer = await this.session.ask('preview', { image: grab(this.video) });
      if (mine !== this.running) return;
      if (answer.failed) return this.stop();
      this.show(answer);
      await rest(Math.max(0, MIN_GAP - (performance.now() - at)));
    }
  }

  /** @param {Found} answer */
  show(answer) {
    this.last = answer;
    put(this.words, answer.faces.length ? '' : phrase('live.nobody'));
    this.draw(answer);
    this.screen.dataset.faces = String(answer.faces.length);
    this.answers.fill(answer.faces[0]?.answers); // the largest face; the others have their boxes
  }

  /** @param {Found} answer */
  draw(answer) {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.screen;
    const scale = width / answer.size[0];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext('2d');
    if (!pen) return;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    answer.faces.forEach((face, at) => {
      const [left, top, right, bottom] = face.box.map((value) => value * scale);
      const mirrored = this.still.hidden;
      pen.beginPath();
      pen.roundRect(mirrored ? width - right : left, top, right - left, bottom - top, 6);
      outline(pen, 5, 'rgb(0 0 0 / .6)');
      outline(pen, 2.5, at ? '#bbb' : '#fff');
    });
  }

  stop() {
    this.running = 0;
    this.last = null;
    this.screen.classList.add('ft-idle');
    this.camera.close(this);
    if (this.still.src) URL.revokeObjectURL(this.still.src);
    this.still.removeAttribute('src');
    this.still.hidden = true;
    this.canvas.width = 0;
    this.screen.style.aspectRatio = '';
    delete this.screen.dataset.faces;
    put(this.cam, say('webcam'));
    put(this.words, say(this.session.lesson ? 'preview_ready' : 'preview_idle'));
    this.answers.fill();
  }

  close() {
    this.stop();
  }

  /** Other models, or none. */
  reset() {
    const { lesson, given } = this.session;
    this.stop();
    this.cam.disabled = this.pick.disabled = this.drawn.disabled = !lesson;
    if (this.threshold) this.threshold.hidden = !lesson;
    this.joined.hidden = !lesson;
    this.answers.lay();
    if (!lesson) return;
    const least = Math.max(...Object.values(lesson.models).map((model) => model.threshold));
    if (this.slider) this.slider.value = String(least);
    this.setLeast(least);
    put(this.joined, say(lesson.aligned ? (given.files ? 'joined' : 'joined_lesson') : 'not_joined'));
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} wide
 * @param {string} ink
 */
function outline(pen, wide, ink) {
  pen.lineWidth = wide;
  pen.strokeStyle = ink;
  pen.stroke();
}
