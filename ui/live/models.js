// @ts-check
// The models and labels of the Live tab, and what an answer of the server holds.
import { labelColour } from '../components/bars.js';

/**
 * A face of an answer; `LiveFace` in `zoo/inference/live_stream.py` explains the fields.
 * @typedef {object} Face
 * @property {number} number
 * @property {[number, number, number, number]} box
 * @property {number[] | null} mesh
 * @property {Record<string, number[]>} answers
 * @property {Record<string, string>} shown
 * @property {number} agreement
 * @property {boolean} rested
 * @property {Record<string, number> | null} movements
 * @property {boolean} moved_from_rest
 */

/**
 * The answer for a frame with a picture in it; see `LiveFrame`.
 * @typedef {object} Answer
 * @property {[number, number]} size
 * @property {string[]} labels
 * @property {Record<string, string[]>} own labels of each model with user-defined classes
 * @property {Face[]} faces
 * @property {number} resting
 * @property {boolean} offered
 * @property {boolean} read whether the models read this frame; otherwise the answers are those of an earlier one
 * @property {Record<string, number>} ms
 */

/** @typedef {{ title: Sentence, thresholds?: Record<string, number> }} Model */

export class Models {
  /** @param {{ models: Record<string, Model>, colours: Record<string, string>, chosen: { mix: string } }} props */
  constructor({ models, colours, chosen }) {
    /** @type {Record<string, Model>} */
    this.all = { ...models };
    this.colours = { ...colours };
    this.chosen = { ...chosen };
  }

  /** What the controls have chosen: models, labels and mix. @returns {{ mix: string }} */
  get choice() {
    return window.faceOffChosen ?? this.chosen;
  }

  /**
   * Add the models that the session has trained or imported.
   * @param {Record<string, Model>} [models]
   */
  add(models) {
    Object.assign(this.all, models);
  }

  /** @param {string} name */
  title(name) {
    return this.all[name]?.title ?? name;
  }

  /**
   * @param {string} label
   * @param {number} [at] its place among a model's labels, for user-defined classes
   */
  colour(label, at = -1) {
    return labelColour(this.colours, label, at);
  }

  /**
   * The labels of a model's probabilities.
   * @param {Answer} answer
   * @param {string} name
   */
  labels(answer, name) {
    return answer.own?.[name] ?? answer.labels;
  }

  /**
   * The probability of the label that is shown for a model.
   * @param {Answer} answer
   * @param {Face} face
   * @param {string} name
   */
  probability(answer, face, name) {
    return face.answers[name][this.labels(answer, name).indexOf(face.shown[name])];
  }

  /**
   * Whether a model's answer reaches its threshold.
   * @param {Answer} answer
   * @param {Face} face
   * @param {string} name
   */
  isSure(answer, face, name) {
    const mix = face.rested ? 'equal' : this.choice.mix;
    const threshold = this.all[name]?.thresholds?.[mix] ?? 0;
    const certain = face.rested && face.shown[name] === 'neutral';
    return this.probability(answer, face, name) >= threshold || certain;
  }
}
