// @ts-check
// Drawing on a canvas: text that wraps, and faces that cannot be recognised any more.

export const INK = '#23272e';
export const SOFT = '#5f6670';
export const TRACK = '#ece7de';
const GRAINS = 7; // of a blurred face, across: its outline stays, its features do not
const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/**
 * @param {number} size in pixels
 * @param {number} [weight]
 */
export const font = (size, weight = 400) => `${weight} ${size}px ${FAMILY}`;

/**
 * A text cut into lines that are no wider than `width`; scripts without spaces are cut between signs.
 * @param {CanvasRenderingContext2D} context with its font set
 * @param {string} text
 * @param {number} width
 * @returns {string[]}
 */
export function lines(context, text, width) {
  const parts = text.trim().match(/[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+\s*|\s+/g) ?? [];
  const made = [''];
  for (const part of parts) {
    const longer = made[made.length - 1] + part;
    if (context.measureText(longer.trimEnd()).width <= width || !made[made.length - 1]) made[made.length - 1] = longer;
    else made.push(part);
  }
  return made.map((line) => line.trimEnd());
}

/**
 * Write a text from a place downwards.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {{ x: number, y: number, width: number, size: number, weight?: number, ink?: string }} how y: top of the first line
 * @returns {number} y below the last line
 */
export function write(context, text, { x, y, width, size, weight = 400, ink = INK }) {
  context.font = font(size, weight);
  context.fillStyle = ink;
  context.textBaseline = 'top';
  const step = Math.round(size * 1.35);
  const cut = lines(context, text, width);
  cut.forEach((line, i) => context.fillText(line, x, y + i * step));
  return y + cut.length * step;
}

/**
 * Draw part of a picture, or only some grains of it.
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLImageElement} image
 * @param {{ from: number[], to: number[], blurred: boolean }} how left, top, width and height in the picture and on the canvas
 */
export function draw(context, image, { from, to, blurred }) {
  const [fx, fy, fw, fh] = from;
  const [x, y, width, height] = to;
  if (!blurred) return context.drawImage(image, fx, fy, fw, fh, x, y, width, height);
  const grains = document.createElement('canvas');
  grains.width = grains.height = GRAINS;
  const small = grains.getContext('2d');
  if (small) small.imageSmoothingQuality = 'high';
  small?.drawImage(image, fx, fy, fw, fh, 0, 0, GRAINS, GRAINS);
  context.imageSmoothingQuality = 'high';
  context.drawImage(grains, x, y, width, height);
}

/**
 * A filled rectangle with round corners.
 * @param {CanvasRenderingContext2D} context
 * @param {number[]} place left, top, width and height
 * @param {string} fill
 * @param {number} round
 */
export function plate(context, [x, y, width, height], fill, round) {
  context.fillStyle = fill;
  context.beginPath();
  context.roundRect(x, y, width, height, round);
  context.fill();
}
