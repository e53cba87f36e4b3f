// @ts-check
// Frames out, answers in: one frame at a time, the camera's newest as soon as the one before is answered.
import { snapshot } from '../components/camera.js';
import { Pace } from './pace.js';
import { say } from './page.js';

/** @typedef {import('./models.js').Answer} Answer */
/**
 * A frame that waits for its answer: when the camera captured it, when it was sent, and in which run.
 * @typedef {{ captured: number, at: number, run: number }} Frame
 */
/**
 * @typedef {object} Listener
 * @property {(answer: Answer, frame: Frame, now: number) => void} answered
 * @property {(reason: Sentence) => void} stop
 */

/** Milliseconds from frame to frame. */
export const MIN_GAP = 1000 / 33;
const LATE = 1500; // milliseconds until the user is told that answers are late
const GIVEN_UP = 10_000;
const AGAIN = 1000; // milliseconds until a refused frame is followed by another
const WAIT = 500; // milliseconds after an answer without a picture
const MISSED = 2; // answers in a row, after which the server is asked whether it is there

export class FrameExchange {
  /**
   * @param {import('./page.js').LivePage} page
   * @param {import('./models.js').Models} models
   * @param {Server} server
   * @param {Listener} listener
   */
  constructor(page, models, server, listener) {
    this.page = page;
    this.models = models;
    this.server = server;
    this.listener = listener;
    this.run = 0;
    this.turn = 0;
    this.rest = 0; // the turn for which a resting look was asked for
    this.soFar = false;
    /** @type {number[] | null} the mesh's edges, which the server sends once */
    this.edges = null;
    this.pace = new Pace();
    this.last = 0; // when the last answer came
    this.notBefore = 0;
    /** @type {Frame | null} */
    this.waiting = null;
    /** @type {number | null} when the camera captured its newest frame, unless that was sent */
    this.fresh = null;
    this.lost = 0; // since when the server has not answered
    this.missed = 0;
    this.stale = false; // the server is there, but no longer knows this page
  }

  /**
   * A new run.
   * @param {number} now
   */
  begin(now) {
    this.pace = new Pace();
    this.last = now;
    this.notBefore = 0;
    this.drop();
    this.answersAgain();
  }

  /** Nothing is waited for, and nothing is left to send. */
  drop() {
    this.waiting = this.fresh = null;
  }

  answersAgain() {
    this.lost = this.missed = 0;
    this.stale = false;
  }

  /**
   * Take a resting look.
   * @param {boolean} soFar from the frames so far, instead of those to come
   */
  takeRest(soFar) {
    this.rest = this.turn + 1;
    this.soFar = soFar;
  }

  /** Send the newest frame, unless one is waiting for its answer. */
  send() {
    const now = performance.now();
    const { page, fresh } = this;
    if (page.state !== 'on' || this.waiting || fresh === null || now < this.notBefore) return;
    if (page.video.readyState < 2) return;
    const frame = { captured: fresh, at: now, run: this.run };
    this.waiting = frame;
    this.fresh = null;
    // Never rejects: Gradio answers nothing instead.
    this.server.frame(this.request()).then((answer) => this.received(frame, answer));
  }

  request() {
    const { page, run } = this;
    const mesh = page.isOn('mesh');
    return {
      run,
      turn: ++this.turn,
      image: snapshot(page.video, ...this.pace.size),
      smooth: page.isOn('smooth'),
      mesh,
      movements: page.isOn('movements'),
      rest: this.rest,
      so_far: this.soFar,
      edges: mesh && !this.edges,
      ...this.models.choice,
    };
  }

  /**
   * @param {Frame} frame
   * @param {any} answer
   */
  received(frame, answer) {
    if (frame !== this.waiting || frame.run !== this.run || this.page.state !== 'on') return;
    const now = performance.now();
    this.waiting = null;
    if (!answer) return this.unanswered(frame, now);
    if (answer.off) return this.listener.stop(answer.words);
    this.answersAgain();
    this.page.screen.classList.remove('fo-late');
    this.page.notice(answer.words ?? '');
    this.models.add(answer.taught);
    if (answer.edges) this.edges = answer.edges;
    if (answer.faces) {
      this.pace.add(now - frame.at, now - this.last);
      this.last = now;
      this.listener.answered(answer, frame, now);
    }
    this.notBefore = answer.faces ? frame.at + MIN_GAP : now + WAIT;
    this.send();
  }

  /**
   * @param {Frame} frame
   * @param {number} now
   */
  unanswered(frame, now) {
    this.lost ||= frame.at;
    this.missed += 1;
    this.notBefore = now + AGAIN;
    if (this.missed > MISSED)
      serverIsThere().then((there) => {
        this.stale = there && this.missed > MISSED;
      });
  }

  /** Tell the user while answers are late. Every frame is asked anew, so it is over by itself. */
  watch() {
    const { page } = this;
    if (!page.root.offsetParent) return this.listener.stop(say('left'));
    const now = performance.now();
    const since = this.lost || this.waiting?.at;
    const age = since ? now - since : 0;
    page.screen.classList.toggle('fo-late', age > LATE);
    if (age > LATE) {
      page.notice(say(this.stale ? 'stale' : this.lost ? 'lost' : 'late', Math.round(age / 1000)));
      page.find('.fo-hud').textContent = '0 fps';
    }
    if (this.waiting && now - this.waiting.at > GIVEN_UP) {
      this.lost ||= this.waiting.at;
      this.waiting = null;
    }
  }
}

function serverIsThere() {
  return fetch(`${window.gradio_config?.root ?? ''}/config`).then(
    (found) => found.ok,
    () => false,
  );
}
