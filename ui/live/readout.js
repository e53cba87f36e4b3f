// @ts-check
// What is written and spoken about the running session: times, the resting look, and the answers for a screen reader.
import { labelText } from '../components/bars.js';
import { phrase } from '../components/dom.js';
import { say } from './page.js';

const TIMES_EVERY = 300; // milliseconds
const SPEAK_EVERY = 4000;

/** @typedef {import('./models.js').Answer} Answer */

export class Readout {
  /**
   * @param {import('./page.js').LivePage} page
   * @param {import('./models.js').Models} models
   */
  constructor(page, models) {
    this.page = page;
    this.models = models;
    this.writtenAt = 0;
    this.spokenAt = 0;
  }

  /**
   * @param {Answer} answer
   * @param {number} now
   * @param {import('./pace.js').Pace} pace
   */
  show(answer, now, pace) {
    if (now - this.writtenAt >= TIMES_EVERY) {
      this.writtenAt = now;
      this.times(answer, pace);
    }
    if (now - this.spokenAt >= SPEAK_EVERY && this.speak(answer)) this.spokenAt = now;
    this.resting(answer);
  }

  /**
   * Frames per second, and the time of each step.
   * @param {Answer} answer
   * @param {import('./pace.js').Pace} pace
   */
  times(answer, pace) {
    /** @type {Record<string, Sentence>} */
    const stages = { mesh: say('mesh'), align: say('align'), movements: say('movements') };
    const parts = Object.entries(answer.ms).map(([name, ms]) =>
      window.faceOffText(phrase('{0} {1:.1f}', stages[name] ?? this.models.title(name), ms)),
    );
    const line = this.page.find('.fo-hud');
    line.hidden = false;
    line.textContent = `${Math.round(1000 / pace.gap)} fps · ${Math.round(pace.took)} ms (${parts.join(' · ')})`;
    Object.assign(this.page.root.dataset, { fps: (1000 / pace.gap).toFixed(1), took: pace.took.toFixed(0) });
  }

  /**
   * @param {Answer} answer
   * @returns {boolean} whether there is anything new to say
   */
  speak(answer) {
    const { faceOffText } = window;
    const answers = (/** @type {import('./models.js').Face} */ face) =>
      Object.entries(face.shown).map(
        ([name, label]) =>
          `${faceOffText(this.models.title(name))} ${faceOffText(labelText(label, answer.own?.[name]))}`,
      );
    const faces = answer.faces.map(
      (face) => `${faceOffText(phrase('face', face.number))}: ${answers(face).join(', ')}`,
    );
    const place = this.page.find('.fo-live-spoken');
    const text = faces.join('. ');
    if (place.textContent === text) return false;
    place.textContent = text;
    return true;
  }

  /** @param {Answer} answer */
  resting(answer) {
    const { page } = this;
    const resting = answer.resting > 0;
    const nobody = answer.faces.length ? '' : say('nobody');
    page.middle(resting ? say('resting', phrase('{0:.1f}', answer.resting)) : nobody);
    page.rest.disabled = resting;
    page.find('.fo-forget').hidden = resting || !answer.faces.some((face) => face.rested);
    page.find('.fo-so-far').hidden = !answer.offered;
  }
}
