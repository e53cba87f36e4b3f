// @ts-check
// The Live tab. Called once with the component's element, see `tab.py`. The server answers one small frame at a time
// with numbers, which are drawn here. Pictures are never stored; the session's rows are gone on Stop.
import { put } from '../components/dom.js';
import { CameraRun } from './camera_run.js';
import { FaceCards } from './face_cards.js';
import { FrameExchange } from './frame_exchange.js';
import { fullScreen } from './full_screen.js';
import { Models } from './models.js';
import { Overlay } from './overlay.js';
import { LivePage, say } from './page.js';
import { Readout } from './readout.js';
import { Timeline } from './timeline.js';

/** @typedef {import('./models.js').Answer} Answer */

window.faceOffLive = (element, props, server) => {
  const root = element.firstElementChild;
  if (!(root instanceof HTMLElement)) return;
  const page = new LivePage(root, props.help);
  const models = new Models(JSON.parse(JSON.stringify(props)));
  const view = new View(page, models, props);
  const exchange = new FrameExchange(page, models, server, {
    answered: (answer, frame, now) => view.take(answer, frame, now, exchange),
    stop: (reason) => run.stop(reason),
  });
  const run = new CameraRun(page, server, exchange);
  const full = fullScreen(page.screen, () => {
    put(page.find('.fo-full'), say(full.is() ? 'leave_full' : 'full'));
    view.redraw();
  });
  run.onBegin = (now) => view.timeline?.begin(now);
  run.onStop = (reason) => {
    view.clear();
    full.leave();
    page.reset(reason);
  };
  page.start.addEventListener('click', () => run.toggle());
  page.find('.fo-full').addEventListener('click', full.toggle);
  put(page.find('.fo-full'), say('full'));
  window.addEventListener('pagehide', () => run.stream && run.stop());
  listenToRest(page, exchange);
  listenToMirror(page, view);
  page.state = 'off';
  page.middle(say('idle'));
};

/** Everything that shows an answer. */
class View {
  /**
   * @param {LivePage} page
   * @param {Models} models
   * @param {{ timeline: boolean, privacy: string }} props
   */
  constructor(page, models, { timeline, privacy }) {
    this.page = page;
    this.overlay = new Overlay(page, models);
    this.cards = new FaceCards(page.find('.fo-live-faces'), models);
    this.readout = new Readout(page, models);
    this.timeline = timeline ? new Timeline(page, models, privacy) : null;
    /** @type {Answer | null} */
    this.latest = null;
  }

  /**
   * Keep an answer, and show it once the next frame is on its way.
   * @param {Answer} answer
   * @param {import('./frame_exchange.js').Frame} frame
   * @param {number} now
   * @param {FrameExchange} exchange
   */
  take(answer, frame, now, { edges, pace }) {
    this.latest = answer;
    this.overlay.edges = edges;
    this.timeline?.add(answer, now);
    requestAnimationFrame(() => this.latest === answer && this.show(answer, frame, now, pace));
  }

  /**
   * @param {Answer} answer
   * @param {import('./frame_exchange.js').Frame} frame
   * @param {number} now
   * @param {import('./pace.js').Pace} pace
   */
  show(answer, frame, now, pace) {
    this.overlay.draw(answer);
    this.cards.show(answer);
    this.timeline?.show(now);
    this.readout.show(answer, now, pace);
    const times = { captured: frame.captured, sent: frame.at, answered: now, drawn: performance.now() };
    this.page.root.dispatchEvent(new CustomEvent('drawn', { detail: times })); // for scripts/measure_live.py
  }

  redraw() {
    if (this.latest) this.overlay.draw(this.latest);
  }

  clear() {
    this.latest = null;
    this.overlay.clear();
    this.cards.clear();
    this.timeline?.clear();
  }
}

/**
 * @param {LivePage} page
 * @param {FrameExchange} exchange
 */
function listenToRest(page, exchange) {
  page.rest.addEventListener('click', () => exchange.takeRest(false));
  page.find('.fo-so-far').addEventListener('click', () => {
    exchange.takeRest(true);
    page.rest.focus(); // the offer disappears when it is taken
  });
  page.find('.fo-forget').addEventListener('click', () => {
    exchange.rest = 0;
  });
}

/**
 * @param {LivePage} page
 * @param {View} view
 */
function listenToMirror(page, view) {
  const mirror = () => {
    page.screen.classList.toggle('fo-mirror', page.isOn('mirror'));
    view.redraw();
  };
  page.input('mirror').addEventListener('change', mirror);
  mirror();
}
