// @ts-check
// The button that trains both models, and its settings.
import { make, phrase, put } from '../components/dom.js';
import { ENOUGH, button, say } from './session.js';
import { numberField } from './recorder.js';

/** @type {Record<string, number | string>} */
const STEPS = { epochs: 1, batch: 1, rate: 'any', c: 'any', seed: 1 };
/** @type {Record<string, string>} */
const NAMES = { rate: 'learning_rate' };
const HINTED = ['epochs', 'c'];
const SWITCHES = ['augment', 'aligned'];

export class Training {
  /**
   * @param {import('./session.js').TeachSession} session
   * @param {import('./progress.js').Progress} progress
   */
  constructor(session, progress) {
    this.session = session;
    this.progress = progress;
    this.settings = { ...session.given.settings };
    this.running = false;
    this.button = button(say('train'), () => this.train(), 'ft-main ft-train', { disabled: true });
    this.why = make('p', { class: 'ft-why' });
    this.advanced = make('details', { class: 'ft-settings' });
    this.lay();
    const title = make('h3', { text: phrase('teach.training') });
    const card = make('div', { class: 'ft-card' }, title, this.button, this.why, progress.node, this.advanced);
    this.node = make('section', { class: 'ft-column ft-middle', 'aria-label': phrase('teach.training') }, card);
    session.on('view', () => this.show());
    session.on('ready', () => this.button.focus());
    session.on('count', () => this.counted());
  }

  lay() {
    const { settings } = this;
    const fields = Object.entries(this.session.given.ranges).map(([name, [low, high]]) => {
      const hint = HINTED.includes(name) ? say(`${name}_hint`) : undefined;
      const about = { name, value: settings[name], low, high, step: STEPS[name], hint };
      return numberField(say(NAMES[name] ?? name), about, (value) => {
        settings[name] = value;
      });
    });
    const reset = button(say('reset'), () => this.reset(), 'ft-small');
    this.advanced.replaceChildren(
      make('summary', { text: say('advanced') }),
      make('div', { class: 'ft-fields' }, ...fields),
      ...SWITCHES.map((name) => this.switchFor(name)),
      reset,
    );
  }

  /** @param {string} name */
  switchFor(name) {
    const input = make('input', { type: 'checkbox', name });
    input.checked = this.settings[name];
    input.addEventListener('change', () => {
      this.settings[name] = input.checked;
    });
    const words = make('span', {}, make('b', { text: say(name) }), make('small', { text: say(`${name}_hint`) }));
    return make('label', { class: 'ft-switch' }, input, words);
  }

  reset() {
    Object.assign(this.settings, this.session.given.settings);
    this.lay();
    this.advanced.querySelector('summary')?.focus();
  }

  async train() {
    const { session } = this;
    session.closeRecorder();
    session.emit('training');
    this.running = true;
    this.show();
    const answer = await this.progress.during(say('working'), () => session.ask('train', this.settings));
    this.running = false;
    this.show();
    if (answer.lesson) session.emit('trained', answer.words);
  }

  /** Samples came in: say at once how many classes are ready. */
  counted() {
    const { view } = this.session;
    const ready = view.classes.filter((one) => one.enabled && one.ids.length >= ENOUGH).length;
    view.why = ready < 2 ? say('why_n', ENOUGH, ready) : '';
    view.stale = Boolean(view.taught);
    this.show();
  }

  show() {
    const { view } = this.session;
    this.button.disabled = Boolean(view.why) || this.running;
    put(this.button, say(view.taught ? 'again' : 'train'));
    put(this.why, view.why || (view.stale ? say('stale') : ''));
    this.why.hidden = !this.why.textContent;
  }
}
