// @ts-check
// The models' labels at each face: a dark panel above its box, or below it where there is no room above.

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */
/** @typedef {{ width: number, height: number }} Area */
/** A line of a panel; without ink it is a heading. @typedef {{ text: string, ink?: string }} Line */

const OUTLINES = [
  { width: 5, ink: 'rgb(0 0 0 / .6)' },
  { width: 2.5, ink: '#fff' },
];
const MOST = 4; // models named at a face; the cards beside the picture name all
const between = (/** @type {number} */ low, /** @type {number} */ value, /** @type {number} */ high) =>
  Math.max(low, Math.min(value, high));

/**
 * The place of a picture that is shown whole in the middle of an area: its scale, left and top.
 * @param {Area} area
 * @param {[number, number]} picture
 */
export function fitted(area, picture) {
  const scale = Math.min(area.width / picture[0], area.height / picture[1]);
  return { scale, left: (area.width - picture[0] * scale) / 2, top: (area.height - picture[1] * scale) / 2 };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {Line[]} lines
 * @param {Area} area
 */
export function panel(pen, box, lines, area) {
  const shown = lines.slice(0, MOST + 1),
    size = between(12, area.width / 46, 40),
    pad = 0.5 * size,
    swatch = 0.75 * size;
  const font = (/** @type {Line} */ line) => {
    pen.font = `${line.ink ? 600 : 700} ${size}px system-ui, sans-serif`;
  };
  const wide = (/** @type {Line} */ line) => {
    font(line);
    return pen.measureText(line.text).width + (line.ink ? swatch + pad : 0);
  };
  const width = Math.min(area.width, Math.max(...shown.map(wide)) + 2 * pad),
    height = 1.4 * size * shown.length + pad;
  const left = between(0, (box.left + box.right - width) / 2, area.width - width);
  const above = box.top - height - 4,
    below = box.bottom + 4,
    lowest = area.height - height;
  const top = above >= 0 ? above : below <= lowest ? below : between(0, lowest, lowest);
  pen.fillStyle = 'rgb(22 24 27 / .82)';
  pen.beginPath();
  pen.roundRect(left, top, width, height, 0.4 * size);
  pen.fill();
  shown.forEach((line, i) => {
    const base = top + 1.4 * size * (i + 0.9) + 0.1 * size,
      from = left + pad + (line.ink ? swatch + pad : 0);
    if (line.ink) {
      pen.fillStyle = line.ink;
      pen.fillRect(left + pad, base - swatch, swatch, swatch);
    }
    font(line);
    pen.fillStyle = '#fff';
    pen.fillText(line.text, from, base, Math.max(1, width - (from - left) - pad));
  });
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 */
export function outline(pen, box) {
  pen.beginPath();
  pen.roundRect(box.left, box.top, box.right - box.left, box.bottom - box.top, 6);
  for (const { width, ink } of OUTLINES) {
    pen.lineWidth = width;
    pen.strokeStyle = ink;
    pen.stroke();
  }
}
