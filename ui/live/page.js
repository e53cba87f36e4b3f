// @ts-check
// The layout of the Live tab, its controls and its messages.
import { phrasesOf, put } from '../components/dom.js';
import { putMarkup } from '../components/markup.js';

const PHONE = matchMedia('(max-width: 720px)');
const HERE = ['localhost', '127.0.0.1', '[::1]'];

export const say = phrasesOf('live');

const layout = (/** @type {string} */ help) => `
  <div class="fo-live-main">
    <div class="fo-screen">
      <video muted playsinline data-i18n-aria-label="live.camera"></video><canvas aria-hidden="true"></canvas>
      <p class="fo-screen-words"></p><p class="fo-hud" data-i18n-title="live.hud" hidden></p>
      <button type="button" class="fo-full" hidden></button>
    </div>
    <div class="fo-live-buttons">
      <button type="button" class="fo-start"></button>
      <button type="button" class="fo-rest" disabled data-i18n="live.rest"></button>
      <button type="button" class="fo-so-far" hidden data-i18n="live.so_far"></button>
      <button type="button" class="fo-forget" hidden data-i18n="live.forget"></button>
      <span class="fo-switches">
        <label><input type="checkbox" name="mirror" checked> <span data-i18n="live.mirror"></span></label>
        <label><input type="checkbox" name="mesh"> <span data-i18n="live.mesh"></span></label>
        <label><input type="checkbox" name="movements"> <span data-i18n="live.movements"></span></label>
        <label><input type="checkbox" name="smooth" checked> <span data-i18n="live.smooth"></span></label>
      </span>
    </div>
    <p class="fo-notice" role="alert" hidden></p>
    <p class="fo-live-privacy" data-i18n="${HERE.includes(location.hostname) ? 'live_privacy_here' : 'live_privacy'}"></p>
  </div>
  <div class="fo-live-side"><div class="fo-live-faces" role="region" data-i18n-aria-label="live.answers"></div></div>
  <section class="fo-timeline" hidden>
    <h2><span data-i18n="live.timeline"></span> <small data-i18n="live.window"></small></h2><ul class="fz-key fo-key"></ul><div class="fo-strips"></div>
    <p class="fo-axis"><span></span><span data-i18n="live.now"></span></p>
    <p class="fo-downloads"><button type="button" data-kind="csv">CSV</button><button type="button" data-kind="json">JSON</button></p>
  </section>
  ${help}
  <p class="fo-live-spoken" role="status" aria-live="polite"></p>`;

export class LivePage {
  /**
   * @param {HTMLElement} root
   * @param {string} help the server's markup below the camera
   */
  constructor(root, help) {
    this.root = root;
    putMarkup(root, layout(help));
    this.foldHelp();
    PHONE.addEventListener('change', () => this.foldHelp());
    this.video = /** @type {HTMLVideoElement} */ (root.querySelector('video'));
    this.canvas = /** @type {HTMLCanvasElement} */ (root.querySelector('.fo-screen canvas'));
    this.screen = this.find('.fo-screen');
    this.start = this.button('.fo-start');
    this.rest = this.button('.fo-rest');
  }

  /** @param {string} selector */
  find(selector) {
    return /** @type {HTMLElement} */ (this.root.querySelector(selector));
  }

  /** @param {string} selector */
  button(selector) {
    return /** @type {HTMLButtonElement} */ (this.root.querySelector(selector));
  }

  /** On a phone, models and labels come next: what the options do is one line there. */
  foldHelp() {
    /** @type {HTMLDetailsElement} */ (this.find('.fo-live-help')).open = !PHONE.matches;
  }

  /** @param {string} name mirror, mesh, movements or smooth */
  input(name) {
    return /** @type {HTMLInputElement} */ (this.root.querySelector(`input[name=${name}]`));
  }

  /** @param {string} name */
  isOn(name) {
    return this.input(name).checked;
  }

  /** @returns {string | undefined} off, opening or on */
  get state() {
    return this.root.dataset.state;
  }

  set state(name) {
    this.root.dataset.state = name;
    put(this.start, say(name === 'off' ? 'start' : 'stop'));
  }

  /** A message over the picture. @param {Sentence} message */
  middle(message) {
    put(this.find('.fo-screen-words'), message);
  }

  /** A message below the picture. @param {Sentence} message */
  notice(message) {
    const line = this.find('.fo-notice');
    line.hidden = !message;
    put(line, message);
  }

  /** Everything as it is before the camera is started. @param {Sentence} reason why it was stopped */
  reset(reason) {
    for (const part of ['.fo-timeline', '.fo-hud', '.fo-forget', '.fo-so-far', '.fo-full'])
      this.find(part).hidden = true;
    this.rest.disabled = true;
    this.find('.fo-live-spoken').textContent = '';
    this.screen.style.aspectRatio = '';
    this.screen.classList.remove('fo-late');
    this.state = 'off';
    this.middle(say('idle'));
    this.notice(reason);
  }
}
