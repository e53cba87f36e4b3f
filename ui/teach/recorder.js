// @ts-check
// A recorder: hold a button (or a key on it), or press it once to record for some seconds.
import { ClosedError, cameraProblem, cameraVideo, snapshot } from '../components/camera.js';
import { make, phrase, put, span } from '../components/dom.js';
import { button, say } from './session.js';

const LONGEST = 400; // pixels of a picture's longer side
const QUALITY = 0.8;
const MIN_GAP = 1000 / 15; // milliseconds
const KEYS = [' ', 'Enter'];
const RANGES = [
  { name: 'rate', low: 1, high: 15 },
  { name: 'delay', low: 0, high: 10 },
  { name: 'duration', low: 0, high: 60 },
];

/**
 * What a recorder does with pictures.
 * @typedef {object} Recording
 * @property {() => Promise<any>} begin what frames belong to; null where nothing can be recorded
 * @property {(image: string, context: any) => Promise<boolean>} frame takes a picture; false ends it
 * @property {() => void} [end]
 * @property {() => void} closed
 */

/** The picture that a camera's video shows now. @param {HTMLVideoElement} video */
export const grab = (video) => snapshot(video, LONGEST, QUALITY);

/** @param {number} milliseconds */
export const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Recorder {
  /**
   * @param {import('./session.js').TeachSession} session
   * @param {import('../components/camera.js').SharedCamera} camera
   * @param {Sentence} about what is recorded
   * @param {Recording} recording
   */
  constructor(session, camera, about, recording) {
    this.session = session;
    this.camera = camera;
    this.recording = recording;
    this.video = cameraVideo();
    this.going = false;
    this.pressed = 0;
    this.words = make('p', { class: 'ft-screen-words', text: phrase('live.opening') });
    this.hold = button(say('hold'), null, 'ft-hold ft-main', { disabled: true, 'aria-label': say('hold_own', about) });
    this.screen = make('div', { class: 'ft-screen' }, this.video, this.words);
    this.node = make('div', { class: 'ft-recorder' }, this.screen, this.hold);
    this.listen();
  }

  listen() {
    const { hold } = this;
    const release = () => !this.session.option.duration && this.end();
    hold.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      hold.focus();
      if (this.session.option.duration && this.going) this.end();
      else this.begin();
    });
    for (const name of ['pointerup', 'pointercancel', 'pointerleave', 'blur']) hold.addEventListener(name, release);
    hold.addEventListener('keydown', (event) => {
      if (!KEYS.includes(event.key)) return;
      event.preventDefault();
      if (!event.repeat) this.begin();
    });
    hold.addEventListener('keyup', (event) => KEYS.includes(event.key) && release());
    hold.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  /** The button says what pressing it does. */
  naming() {
    const { duration } = this.session.option;
    if (!this.going) put(this.hold, duration ? say('hands_free', duration) : say('hold'));
  }

  async begin() {
    if (this.going || this.hold.disabled) return;
    const mine = ++this.pressed;
    const seconds = this.session.option.duration;
    this.going = true;
    await this.countDown(this.session.option.delay);
    if (!this.going || mine !== this.pressed) return;
    this.screen.classList.add('ft-on');
    put(this.hold, say('recording'));
    this.hold.setAttribute('aria-pressed', 'true');
    await this.record(mine, seconds ? performance.now() + 1000 * seconds : Infinity);
    if (mine === this.pressed) this.end();
  }

  /** @param {number} seconds */
  async countDown(seconds) {
    for (let left = seconds; left > 0 && this.going; left -= 1) {
      put(this.words, say('in', Math.ceil(left)));
      await rest(1000 * Math.min(1, left));
    }
    put(this.words);
  }

  /**
   * @param {number} mine which press this is
   * @param {number} until when it ends by itself
   */
  async record(mine, until) {
    const context = await this.recording.begin();
    while (this.going && mine === this.pressed && performance.now() < until && context !== null) {
      const at = performance.now();
      if (this.video.readyState >= 2 && !document.hidden) {
        if (!(await this.recording.frame(grab(this.video), context))) return;
      }
      const gap = Math.max(MIN_GAP, 1000 / Math.max(1, this.session.option.rate));
      await rest(Math.max(0, gap - (performance.now() - at)));
    }
  }

  end() {
    if (!this.going) return;
    this.going = false;
    this.pressed += 1;
    this.screen.classList.remove('ft-on');
    this.hold.removeAttribute('aria-pressed');
    put(this.words);
    this.naming();
    this.recording.end?.();
  }

  async open() {
    try {
      await this.camera.open(this);
      put(this.words);
      this.hold.disabled = false;
      this.naming();
    } catch (error) {
      if (!(error instanceof ClosedError)) put(this.words, cameraProblem(error));
    }
  }

  close() {
    this.end();
    this.camera.close(this);
    this.recording.closed();
  }
}

/**
 * A number that can be typed.
 * @param {Sentence} text
 * @param {{ name: string, value: number, low: number, high: number, step: number | string, hint?: Sentence }} about
 * @param {(value: number) => void} change
 */
export function numberField(text, { name, value, low, high, step, hint }, change) {
  const title = hint ?? false;
  const input = make('input', { type: 'number', name, min: low, max: high, step, value, title });
  input.addEventListener('change', () => {
    const typed = Math.min(high, Math.max(low, Number(input.value) || 0));
    input.value = String(typed);
    change(typed);
  });
  return make('label', { class: 'ft-field', title }, span(text), input);
}

/**
 * How a recorder takes pictures.
 * @param {import('./session.js').TeachSession} session
 * @param {Recorder} recorder
 */
export function recordingSettings(session, recorder) {
  const fields = RANGES.map(({ name, low, high }) =>
    numberField(say(name), { name, value: session.option[name], low, high, step: 1 }, (value) => {
      session.option[name] = value;
      recorder.naming();
    }),
  );
  const summary = make('summary', { text: say('settings') });
  return make('details', { class: 'ft-settings' }, summary, make('div', { class: 'ft-fields' }, ...fields));
}
