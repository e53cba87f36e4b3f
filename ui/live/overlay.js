// @ts-check
// What is drawn over the camera's picture: the mesh, a box around each face, and the models' labels beside it.
import { labelText } from '../components/bars.js';
import { phrase } from '../components/dom.js';
import { fitted, labelFaces, outline } from './at_faces.js';
import { say } from './page.js';

/** @typedef {import('./models.js').Answer} Answer */
/** @typedef {import('./models.js').Face} Face */
/** @typedef {(value: number) => number} Scale */

export class Overlay {
  /**
   * @param {import('./page.js').LivePage} page
   * @param {import('./models.js').Models} models
   */
  constructor(page, models) {
    this.page = page;
    this.models = models;
    /** @type {number[] | null} pairs of landmarks; the server sends them once */
    this.edges = null;
    this.short = false; // whether the labels at the faces are
  }

  /** @param {Answer} answer */
  draw(answer) {
    const { canvas, screen } = this.page;
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = screen;
    resize(canvas, Math.round(width * ratio), Math.round(height * ratio));
    const pen = canvas.getContext('2d');
    if (!pen) return;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const { x, y } = this.scales(answer, width, height);
    const boxes = answer.faces.map(({ box: [left, top, right, bottom] }) => {
      const [near, far] = [x(left), x(right)].sort((a, b) => a - b);
      return { left: near, top: y(top), right: far, bottom: y(bottom) };
    });
    answer.faces.forEach((face, at) => {
      if (face.mesh && this.edges) drawMesh(pen, face.mesh, this.edges, x, y);
      outline(pen, boxes[at]);
    });
    const [hud, full] = ['.fo-hud', '.fo-full'].map((one) => this.page.find(one));
    const area = {
      width,
      height: height - (hud.hidden ? 0 : hud.offsetHeight),
      taken: full.hidden ? [] : [placeOf(full)],
    };
    const labels = answer.faces.map((face) => ({
      number: window.faceOffText(face.number),
      lines: this.lines(face, answer),
    }));
    this.short = labelFaces(pen, boxes, labels, area, this.short);
  }

  clear() {
    const { canvas } = this.page;
    canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
  }

  /**
   * From the frame's pixels to the screen's.
   * @param {Answer} answer
   * @param {number} width
   * @param {number} height
   */
  scales(answer, width, height) {
    const { left, top, scale } = fitted({ width, height }, answer.size);
    const mirrored = this.page.isOn('mirror');
    /** @type {Scale} */
    const across = (value) => left + (value + 0.5) * scale;
    /** @type {Scale} */
    const x = (value) => (mirrored ? width - across(value) : across(value));
    /** @type {Scale} */
    const y = (value) => top + (value + 0.5) * scale;
    return { x, y };
  }

  /**
   * A face's number, then each model's label and its probability.
   * @param {Face} face
   * @param {Answer} answer
   */
  lines(face, answer) {
    const { models } = this;
    const lines = Object.entries(face.shown).map(([name, label]) => {
      const words = phrase('{0} {1:.2f}', labelText(label, answer.own?.[name]), models.probability(answer, face, name));
      const shown = models.isSure(answer, face, name) ? words : say('box_unsure', words);
      return {
        ink: models.colour(label, models.labels(answer, name).indexOf(label)),
        text: window.faceOffText(phrase('{0}: {1}', models.title(name), shown)),
      };
    });
    return [{ text: window.faceOffText(phrase('face', face.number)) }, ...lines];
  }
}

/**
 * @param {HTMLElement} element a child of the screen
 * @returns {import('./at_faces.js').Box}
 */
const placeOf = ({ offsetLeft: left, offsetTop: top, offsetWidth, offsetHeight }) => ({
  left,
  top,
  right: left + offsetWidth,
  bottom: top + offsetHeight,
});

/**
 * Setting a canvas's size clears it, so only where it changes.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number[]} points x and y of every landmark
 * @param {number[]} edges
 * @param {Scale} x
 * @param {Scale} y
 */
function drawMesh(pen, points, edges, x, y) {
  pen.beginPath();
  for (let i = 0; i < edges.length; i += 2) {
    const a = 2 * edges[i];
    const b = 2 * edges[i + 1];
    pen.moveTo(x(points[a]), y(points[a + 1]));
    pen.lineTo(x(points[b]), y(points[b + 1]));
  }
  pen.lineWidth = 0.7;
  pen.strokeStyle = 'rgb(255 255 255 / .6)';
  pen.stroke();
}
