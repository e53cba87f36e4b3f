// @ts-check
// Gradio's picture box says nothing where the camera cannot be opened. So the camera is asked for here first: if it
// opens, the box goes on with it, without a further click; if not, a sentence below the box says why and what to do.
import { cameraProblem, requestStream, stopStream } from '../components/camera.js';

const BOX = '.block:has([data-testid="image"])';
const ASK = 'button:has(.icon-wrap):not([aria-dropeffect])'; // "Click to Access Webcam"
const WAIT = 3000; // milliseconds until that button is there
let granted = false;

document.addEventListener('click', (event) => void clicked(event), true);

/** @param {MouseEvent} event */
async function clicked(event) {
  const target = event.target instanceof Element ? event.target : null;
  const box = target?.closest(BOX);
  if (!target || !box || granted) return;
  if (target.closest('.source-selection')) tell(box, null);
  if (target.closest('[aria-label="Capture from camera"]')) return void press(box);
  const button = target.closest(ASK);
  if (!(button instanceof HTMLElement)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  try {
    stopStream(await requestStream());
    tell(box, null);
    granted = true;
    button.click();
  } catch (error) {
    tell(box, sentence(error));
  } finally {
    granted = false;
  }
}

/**
 * The camera was chosen: Gradio wants a second click for it.
 * @param {Element} box
 */
async function press(box) {
  for (const began = performance.now(); performance.now() - began < WAIT;) {
    await new Promise((done) => setTimeout(done, 50));
    const button = box.querySelector(ASK);
    if (button instanceof HTMLElement) return button.click();
  }
}

/**
 * Here nothing is called Start.
 * @param {unknown} error
 * @returns {Sentence}
 */
function sentence(error) {
  const message = cameraProblem(error);
  /** @type {Record<string, Sentence>} */
  const here = {
    'live.refused': { key: 'camera.refused' },
    'live.none': { key: 'camera.none' },
    'live.busy': { key: 'camera.busy' },
  };
  return (typeof message === 'object' && here[message.key]) || message;
}

/** @type {(box: Element, message: Sentence | null) => void} */
function tell(box, message) {
  const old = box.nextElementSibling?.matches('.fo-camera-problem') ? box.nextElementSibling : null;
  if (!message) return old?.remove();
  const words = old ?? document.createElement('p');
  words.className = 'fo-camera-problem';
  words.setAttribute('role', 'alert');
  if (!old) box.after(words);
  window.faceOffPut(words, message);
}
