// @ts-check
// One face's result as a picture: what the models saw, what each answered, what mattered, and what it does not mean.
import { draw, INK, plate, SOFT, TRACK, write } from '../components/canvas.js';
import { answersOn, matteredOn } from './answers.js';

const WIDTH = 1200;
const EDGE = 48;
const SEEN = 260; // the crop's side
const COLUMN = 400;
const GAP = 32;
const TALL = 4000;
const worded = (/** @type {string} */ key) => window.faceOffText({ key });

/**
 * Draw the card of a face.
 * @param {Element} card
 * @param {boolean} blurred
 * @returns {HTMLCanvasElement}
 */
export function resultCard(card, blurred) {
  const sheet = document.createElement('canvas');
  sheet.width = WIDTH;
  sheet.height = TALL;
  const context = /** @type {CanvasRenderingContext2D} */ (sheet.getContext('2d'));
  plate(context, [0, 0, WIDTH, TALL], '#ffffff', 0);
  let y = heading(context, card);
  y = Math.max(seen(context, card, y, blurred), answers(context, card, y)) + GAP;
  y = mattered(context, card, y, blurred);
  return cut(sheet, caution(context, y));
}

/** @type {(context: CanvasRenderingContext2D, card: Element) => number} */
function heading(context, card) {
  const verdict = card.querySelector('.fo-badge')?.textContent?.trim() ?? '';
  const name = `Face-off · ${card.getAttribute('aria-label') ?? ''}`;
  const y = write(context, name, { x: EDGE, y: EDGE, width: WIDTH - 2 * EDGE, size: 36, weight: 700 });
  return write(context, verdict, { x: EDGE, y, width: WIDTH - 2 * EDGE, size: 24, ink: SOFT }) + 16;
}

/** @type {(context: CanvasRenderingContext2D, card: Element, y: number, blurred: boolean) => number} */
function seen(context, card, y, blurred) {
  const crop = /** @type {HTMLImageElement | null} */ (card.querySelector('.fo-crop'));
  if (crop) whole(context, crop, [EDGE, y, SEEN, SEEN], blurred);
  return write(context, worded('saw'), { x: EDGE, y: y + SEEN + 8, width: SEEN, size: 20, ink: SOFT });
}

/** @type {(context: CanvasRenderingContext2D, image: HTMLImageElement, to: number[], blurred: boolean) => void} */
function whole(context, image, to, blurred) {
  draw(context, image, { from: [0, 0, image.naturalWidth, image.naturalHeight], to, blurred });
}

/** Two models in a row. @type {(context: CanvasRenderingContext2D, card: Element, y: number) => number} */
function answers(context, card, y) {
  let below = y;
  answersOn(card).forEach((one, i) => {
    if (i && i % 2 === 0) y = below + GAP;
    below = Math.max(i % 2 ? below : 0, answer(context, one, EDGE + SEEN + GAP + (i % 2) * (COLUMN + GAP), y));
  });
  return below;
}

/** @type {(context: CanvasRenderingContext2D, one: import('./answers.js').Answer, x: number, y: number) => number} */
function answer(context, one, x, y) {
  y = write(context, one.title, { x, y, width: COLUMN, size: 24, weight: 700 });
  y = write(context, one.says, { x, y, width: COLUMN, size: 20, ink: SOFT }) + 10;
  for (const bar of one.bars) {
    const weight = bar.best ? 700 : 400;
    write(context, bar.label, { x, y, width: 130, size: 20, weight });
    plate(context, [x + 135, y + 4, 190, 16], TRACK, 8);
    if (bar.part > 0) plate(context, [x + 135, y + 4, Math.max(3, 190 * bar.part), 16], bar.ink, 8);
    write(context, bar.share, { x: x + 340, y, width: 60, size: 20, weight });
    y += 32;
  }
  return y;
}

/** @type {(context: CanvasRenderingContext2D, card: Element, y: number, blurred: boolean) => number} */
function mattered(context, card, y, blurred) {
  const found = matteredOn(card);
  if (!found.length) return y;
  y = write(context, worded('hold.title'), { x: EDGE, y, width: WIDTH, size: 24, weight: 700 }) + 8;
  const side = 220;
  let below = y;
  found.forEach(({ image, lines }, i) => {
    if (i && i % 4 === 0) y = below + GAP;
    const x = EDGE + (i % 4) * (side + GAP + 44);
    whole(context, image, [x, y, side, side], blurred);
    let at = y + side + 8;
    for (const line of lines) at = write(context, line, { x, y: at, width: side + GAP, size: 19, ink: SOFT });
    below = Math.max(i % 4 ? below : 0, at);
  });
  return (
    write(context, worded('hold.legend'), { x: EDGE, y: below + 8, width: WIDTH - 2 * EDGE, size: 19, ink: SOFT }) + GAP
  );
}

/** @type {(context: CanvasRenderingContext2D, y: number) => number} */
function caution(context, y) {
  const width = WIDTH - 2 * EDGE;
  plate(context, [EDGE, y, width, 3], '#e9c46a', 0);
  y = write(context, worded('not_emotion'), { x: EDGE, y: y + 18, width, size: 26, weight: 700, ink: INK });
  return write(context, worded('cannot_know'), { x: EDGE, y, width, size: 20, ink: SOFT }) + EDGE;
}

/** @type {(sheet: HTMLCanvasElement, height: number) => HTMLCanvasElement} */
function cut(sheet, height) {
  const made = document.createElement('canvas');
  made.width = sheet.width;
  made.height = Math.min(TALL, height);
  made.getContext('2d')?.drawImage(sheet, 0, 0);
  return made;
}
