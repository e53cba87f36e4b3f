// @ts-check
// The camera from Start to Stop.
import { cameraProblem, requestStream, stopStream } from '../components/camera.js';
import { MIN_GAP } from './frame_exchange.js';
import { say } from './page.js';

const WATCH_EVERY = 250; // milliseconds
const HIDDEN_GAP = 200; // milliseconds from frame to frame while the page is in the background

export class CameraRun {
  /**
   * @param {import('./page.js').LivePage} page
   * @param {Server} server
   * @param {import('./frame_exchange.js').FrameExchange} exchange
   */
  constructor(page, server, exchange) {
    this.page = page;
    this.server = server;
    this.exchange = exchange;
    /** @type {MediaStream | null} */
    this.stream = null;
    this.watch = 0;
    /** @type {(now: number) => void} */
    this.onBegin = () => {};
    /** @type {(reason: Sentence) => void} */
    this.onStop = () => {};
  }

  /** Whether a run is still the current one. @param {number} run */
  isCurrent(run) {
    return run === this.exchange.run && this.page.state !== 'off';
  }

  toggle() {
    if (this.page.state === 'off') this.start();
    else this.stop();
  }

  async start() {
    const { page, exchange } = this;
    const run = ++exchange.run;
    page.state = 'opening';
    page.notice('');
    page.middle(say('opening'));
    try {
      const { off, words: refusal } = (await this.server.may({})) ?? {};
      if (!this.isCurrent(run)) return;
      if (off) return this.stop(refusal);
      const stream = await requestStream({ frameRate: { ideal: 30 } });
      if (!this.isCurrent(run)) return stopStream(stream);
      await this.play(stream, run);
      if (run === exchange.run && this.stream) this.begin();
    } catch (error) {
      if (this.isCurrent(run)) this.stop(cameraProblem(error));
    }
  }

  /**
   * @param {MediaStream} stream
   * @param {number} run
   */
  async play(stream, run) {
    this.stream = stream;
    const unplugged = () => run === this.exchange.run && this.stop(say('unplugged'));
    stream.getVideoTracks()[0].addEventListener('ended', unplugged);
    this.page.video.srcObject = stream;
    await this.page.video.play();
  }

  begin() {
    const { page, exchange } = this;
    const { video } = page;
    page.state = 'on';
    page.middle('');
    page.screen.style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`;
    page.rest.disabled = page.find('.fo-full').hidden = false;
    const now = performance.now();
    exchange.begin(now);
    this.onBegin(now);
    this.watch = setInterval(() => exchange.watch(), WATCH_EVERY);
    this.follow(exchange.run);
  }

  /** Send every new frame of the camera. @param {number} run */
  follow(run) {
    this.nextFrame((now, captured) => {
      if (run !== this.exchange.run || this.page.state !== 'on') return;
      this.exchange.fresh = captured ?? now;
      this.exchange.send();
      this.follow(run);
    });
  }

  /** @param {(now: number, captured?: number) => void} then */
  nextFrame(then) {
    const { video } = this.page;
    if (typeof video.requestVideoFrameCallback === 'function') {
      video.requestVideoFrameCallback((now, frame) => then(now, frame.captureTime));
    } else setTimeout(() => then(performance.now()), document.hidden ? HIDDEN_GAP : MIN_GAP);
  }

  /** @param {Sentence} [reason] */
  stop(reason = '') {
    const { page, exchange } = this;
    const was = page.state;
    stopStream(this.stream);
    this.stream = null;
    page.video.srcObject = null;
    exchange.drop();
    exchange.rest = 0;
    clearInterval(this.watch);
    this.onStop(reason);
    if (was === 'on') this.server.stop({ run: exchange.run });
  }
}
