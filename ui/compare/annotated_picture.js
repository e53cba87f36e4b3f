// @ts-check
// The whole picture with a number at each face, what every model says of it, and the sentence that has to go with it.
import { draw, font, lines, plate, write } from '../components/canvas.js';
import { answersOn } from './answers.js';

const WIDTH = 1200;
const EDGE = 16;
const PAPER = '#ffffff';
const WIDER = 0.2; // of a face's box that is blurred around it, too

/**
 * Draw the annotated picture.
 * @param {Element} photo the figure with picture and boxes
 * @param {boolean} blurred
 * @returns {HTMLCanvasElement}
 */
export function annotatedPicture(photo, blurred) {
  const image = /** @type {HTMLImageElement} */ (photo.querySelector('.fo-frame img'));
  const scale = Math.min(2, WIDTH / image.naturalWidth);
  const [width, height] = [image.naturalWidth, image.naturalHeight].map((side) => Math.round(side * scale));
  const size = Math.max(15, Math.min(24, width / 44));
  const boxes = [.../** @type {NodeListOf<HTMLElement>} */ (photo.querySelectorAll('.fo-box'))].map((box) =>
    place(box, width, height),
  );
  const sheet = document.createElement('canvas');
  const context = /** @type {CanvasRenderingContext2D} */ (sheet.getContext('2d'));
  const sentence = window.faceOffText({ key: 'not_emotion' });
  const words = [...boxes.map((_, i) => phrase(i + 1)), sentence];
  context.font = font(size, 600);
  const rows = words.flatMap((text) => lines(context, text, width - 2 * EDGE));
  sheet.width = width;
  sheet.height = height + Math.round(rows.length * size * 1.35) + 2 * EDGE;
  context.drawImage(image, 0, 0, width, height);
  if (blurred) for (const box of boxes) hide(context, image, box, scale);
  boxes.forEach((box, i) => mark(context, box, i + 1, size));
  plate(context, [0, height, width, sheet.height - height], '#16181b', 0);
  let y = height + EDGE;
  for (const text of words)
    y = write(context, text, { x: EDGE, y, width: width - 2 * EDGE, size, weight: 600, ink: PAPER });
  return sheet;
}

/** @type {(box: HTMLElement, width: number, height: number) => number[]} */
function place({ style }, width, height) {
  const [left, top, across, down] = [style.left, style.top, style.width, style.height].map(
    (part) => parseFloat(part) / 100,
  );
  return [left * width, top * height, across * width, down * height];
}

/** @type {(context: CanvasRenderingContext2D, image: HTMLImageElement, box: number[], scale: number) => void} */
function hide(context, image, [x, y, width, height], scale) {
  const left = Math.max(0, x - WIDER * width);
  const top = Math.max(0, y - WIDER * height);
  const right = Math.min(image.naturalWidth * scale, x + (1 + WIDER) * width);
  const bottom = Math.min(image.naturalHeight * scale, y + (1 + WIDER) * height);
  const to = [left, top, right - left, bottom - top];
  draw(context, image, { from: to.map((one) => one / scale), to, blurred: true });
}

/** @type {(context: CanvasRenderingContext2D, box: number[], number: number, size: number) => void} */
function mark(context, [x, y, across, down], number, size) {
  for (const [line, ink] of /** @type {[number, string][]} */ ([
    [6, 'rgb(0 0 0 / 65%)'],
    [3, PAPER],
  ])) {
    context.lineWidth = line;
    context.strokeStyle = ink;
    context.strokeRect(x, y, across, down);
  }
  const side = size * 1.6;
  plate(context, [x, y, side, side], '#16181b', 4);
  write(context, String(number), { x: x + side * 0.3, y: y + side * 0.2, width: side, size, weight: 700, ink: PAPER });
}

/**
 * What every model says of a face, in a line.
 * @param {number} number
 */
function phrase(number) {
  const card = document.querySelector(`#fo-answer #fo-face-${number}`);
  const answers = card ? answersOn(card).map((one) => `${one.title}: ${best(one)}`) : [];
  return `${number}  ${answers.join(' · ')}`;
}

/** @type {(one: import('./answers.js').Answer) => string} */
function best({ bars }) {
  const longest = bars.find((bar) => bar.best);
  return longest ? `${longest.label} ${longest.share}` : '';
}
