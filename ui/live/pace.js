// @ts-check
// How long answers take, and how large a frame may be for that.

/** @type {[number, number][]} longest side and JPEG quality */
const SIZES = [
  [320, 0.7],
  [256, 0.65],
  [192, 0.6],
];
const SLOW = 220; // milliseconds
const QUICK = 110;

export class Pace {
  constructor() {
    /** Milliseconds that an answer takes, and from answer to answer. */
    this.took = 0;
    this.gap = 0;
    this.at = 0; // which size
    this.slow = 0; // answers in a row
    this.quick = 0;
  }

  get size() {
    return SIZES[this.at];
  }

  /**
   * Smaller frames while answers are slow, larger ones again when they are quick.
   * @param {number} took milliseconds
   * @param {number} gap milliseconds
   */
  add(took, gap) {
    this.took = mixed(this.took, took);
    this.gap = mixed(this.gap, gap);
    this.slow = this.took > SLOW ? this.slow + 1 : 0;
    this.quick = this.took < QUICK ? this.quick + 1 : 0;
    if (this.slow > 10 && this.at < SIZES.length - 1) {
      this.at += 1;
      this.slow = 0;
    }
    if (this.quick > 60 && this.at > 0) {
      this.at -= 1;
      this.quick = 0;
    }
  }
}

const mixed = (/** @type {number} */ old, /** @type {number} */ value) => (old ? old + 0.1 * (value - old) : value);
