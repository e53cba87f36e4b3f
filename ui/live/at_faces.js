// @ts-check
// The models' labels at each face: a dark panel above its box, or below it where there is no room above. With many faces,
// or where panels would cover one another, each face has its number and a coloured square for each model's label; the
// cards beside the picture say the rest.

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */
/** @typedef {{ width: number, height: number }} Area */
/** A line of a panel; without ink it is a heading. @typedef {{ text: string, ink?: string }} Line */
/** A face's number, and the lines of its panel. @typedef {{ number: string, lines: Line[] }} Label */

const OUTLINES = [
  { width: 5, ink: 'rgb(0 0 0 / .6)' },
  { width: 2.5, ink: '#fff' },
];
const FEW = 3; // faces that may have a panel each
const PAD = 0.5; // parts of the type's size
const SWATCH = 0.75;
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
 * Label every face: with a panel each while all panels have room, otherwise with its number and each label's colour.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box[]} boxes
 * @param {Label[]} labels
 * @param {Area & { taken: Box[] }} area and what stands on the picture already
 * @param {boolean} wereShort whether the labels before were; panels then need some room to spare, or both would alternate
 * @returns {boolean} whether these are
 */
export function labelFaces(pen, boxes, labels, area, wereShort) {
  const size = between(12, area.width / 46, 40);
  const panels = labels.map(({ lines }, at) => panelPlace(boxes[at], panelSize(pen, lines, size, area), area));
  const short = boxes.length > FEW || collide(panels, boxes, wereShort ? size : 0);
  labels.forEach((label, at) => {
    if (short) tag(pen, tagPlace(boxes, at, tagSize(pen, label, size), area), label, size);
    else panel(pen, panels[at], label.lines, size);
  });
  return short;
}

/**
 * Whether a panel covers part of another one, or of another face.
 * @param {Box[]} panels
 * @param {Box[]} boxes of the same faces
 * @param {number} spare
 */
function collide(panels, boxes, spare) {
  const others = (/** @type {number} */ at) => [...panels, ...boxes].filter((_, i) => i % panels.length !== at);
  return panels.some((one, at) => others(at).some((other) => overlap(one, other, spare)));
}

/**
 * @param {Box} a
 * @param {Box} b
 * @param {number} spare
 */
const overlap = (a, b, spare) =>
  a.left < b.right + spare && b.left < a.right + spare && a.top < b.bottom + spare && b.top < a.bottom + spare;

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Line} line
 * @param {number} size
 */
function setFont(pen, line, size) {
  pen.font = `${line.ink ? 600 : 700} ${size}px system-ui, sans-serif`;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Line[]} lines
 * @param {number} size of the type
 * @param {Area} area
 * @returns {Area}
 */
function panelSize(pen, lines, size, area) {
  const widths = lines.slice(0, MOST + 1).map((line) => {
    setFont(pen, line, size);
    return pen.measureText(line.text).width + (line.ink ? (SWATCH + PAD) * size : 0);
  });
  return {
    width: Math.min(area.width, Math.max(...widths) + 2 * PAD * size),
    height: (1.4 * widths.length + PAD) * size,
  };
}

/**
 * Above the face's box, or below it; pushed aside where something stands on the picture already.
 * @param {Box} box
 * @param {Area} panel
 * @param {Area & { taken: Box[] }} area
 * @returns {Box}
 */
function panelPlace(box, { width, height }, area) {
  const lowest = area.height - height;
  const middle = between(0, (box.left + box.right - width) / 2, area.width - width);
  const lefts = [middle, ...area.taken.map((one) => one.left - width - 4)].filter((left) => left >= 0);
  const tops = [box.top - height - 4, box.bottom + 4].filter((top) => top >= 0 && top <= lowest);
  const places = [...tops, Math.max(0, lowest)].flatMap((top) =>
    lefts.map((left) => ({ left, top, right: left + width, bottom: top + height })),
  );
  return places.find((one) => !area.taken.some((other) => overlap(one, other, 0))) ?? places[0];
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Label} label
 * @param {number} size
 * @returns {Area}
 */
function tagSize(pen, { number, lines }, size) {
  setFont(pen, { text: number }, size);
  const swatches = Math.min(MOST, lines.length - 1) * (SWATCH + PAD / 2) * size;
  return { width: pen.measureText(number).width + PAD * size + swatches + PAD * size, height: 1.5 * size };
}

/**
 * Above a face's box, inside it, or below it: the first place on the picture that covers nothing else.
 * @param {Box[]} boxes
 * @param {number} at
 * @param {Area} tag
 * @param {Area & { taken: Box[] }} area
 * @returns {Box}
 */
function tagPlace(boxes, at, { width, height }, area) {
  const box = boxes[at];
  const left = between(0, (box.left + box.right - width) / 2, area.width - width);
  const others = [...boxes.filter((_, i) => i !== at), ...area.taken];
  const tops = [box.top - height - 3, box.top + 3, box.bottom - height - 3, box.bottom + 3];
  const places = tops.map((top) => ({ left, top, right: left + width, bottom: top + height }));
  const free = places.filter((one) => one.top >= 0 && one.bottom <= area.height);
  return free.find((one) => !others.some((other) => overlap(one, other, 0))) ?? free[0] ?? places[1];
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} place
 * @param {number} size
 */
function plate(pen, place, size) {
  pen.fillStyle = 'rgb(22 24 27 / .82)';
  pen.beginPath();
  pen.roundRect(place.left, place.top, place.right - place.left, place.bottom - place.top, 0.4 * size);
  pen.fill();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} place
 * @param {Label} label
 * @param {number} size
 */
function tag(pen, place, { number, lines }, size) {
  plate(pen, place, size);
  const base = place.top + 1.1 * size;
  setFont(pen, { text: number }, size);
  pen.fillStyle = '#fff';
  pen.fillText(number, place.left + PAD * size, base);
  lines.slice(1, MOST + 1).forEach(({ ink = '#fff' }, i, all) => {
    pen.fillStyle = ink;
    const left = place.right - (PAD + (all.length - i) * (SWATCH + PAD / 2) - PAD / 2) * size;
    pen.fillRect(left, base - SWATCH * size, SWATCH * size, SWATCH * size);
  });
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} place
 * @param {Line[]} lines
 * @param {number} size
 */
function panel(pen, place, lines, size) {
  plate(pen, place, size);
  lines.slice(0, MOST + 1).forEach((line, i) => {
    const base = place.top + 1.4 * size * (i + 0.9) + 0.1 * size;
    const from = place.left + PAD * size + (line.ink ? (SWATCH + PAD) * size : 0);
    if (line.ink) {
      pen.fillStyle = line.ink;
      pen.fillRect(place.left + PAD * size, base - SWATCH * size, SWATCH * size, SWATCH * size);
    }
    setFont(pen, line, size);
    pen.fillStyle = '#fff';
    pen.fillText(line.text, from, base, Math.max(1, place.right - PAD * size - from));
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
