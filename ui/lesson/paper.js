// @ts-check
// Parts of the lesson on paper, and the worksheet as a file.
import { putMarkup } from '../components/markup.js';
import { say } from './messages.js';

// Gradio puts its own class before every rule of a style sheet, so these are written here.
const RULES = `<style>.fl-onpaper { display: none; } @media print {
  body { background: #fff !important; } body > :not(.fl-onpaper) { display: none !important; }
  .fl-onpaper { display: block; color: #000; font: 11pt/1.45 system-ui, sans-serif; }
  .fl-onpaper :is(ol, ul) { padding-left: 1.2em; } .fl-onpaper li { break-inside: avoid; } .fl-onpaper h3 small { font-weight: 400; }
  .fl-onpaper ul i { display: block; height: 2.2em; border-bottom: 1px dotted #000; }
  .fl-onpaper .fl-cut { display: grid; grid-template-columns: repeat(3, 5.2cm); gap: 0; }
  .fl-onpaper .fl-cut img { width: 5.2cm; height: 5.2cm; object-fit: cover; border: 1px dashed #000; break-inside: avoid; }
}</style>`;
const paper = document.createElement('div');
paper.className = 'fl-onpaper';
window.addEventListener('afterprint', () => paper.remove());

/** @param {string} markup made by the server, or a copy of this page's own */
export function printOnly(markup) {
  putMarkup(paper, RULES + markup);
  document.body.append(paper);
  window.print();
}

/** @param {string} sheet the worksheet as HTML */
export const PAPER = (sheet) => `<details class="fl-paper fo-card"><summary data-i18n="lesson.sheet"></summary>
  <p class="fl-buttons"><button type="button" class="fl-print" data-i18n="lesson.print"></button>
  <button type="button" class="fl-file" data-format="odt" data-i18n="lesson.file"></button>
  <button type="button" class="fl-file" data-format="pdf" data-i18n="lesson.pdf"></button></p>
  <p class="fl-said" role="status"></p>${sheet}</details>`;

export class Paper {
  /**
   * @param {HTMLElement} root laid out as `PAPER`
   * @param {Server} server
   */
  constructor(root, server) {
    /** @type {(selector: string) => any} */
    const find = (selector) => root.querySelector(selector);
    find('.fl-print').addEventListener('click', () => printOnly(find('.fl-sheet').innerHTML));
    for (const button of root.querySelectorAll('button.fl-file')) {
      button.addEventListener('click', async () => {
        const format = /** @type {HTMLElement} */ (button).dataset.format;
        const answer = await server.document({ language: document.documentElement.lang, format });
        window.faceOffPut(find('.fl-said'), answer?.data ? '' : (answer?.words ?? say('lost')));
        if (answer?.data) save(answer);
      });
    }
  }
}

/** @param {{name: string, type: string, data: string}} file with its data in base64 */
function save({ name, type, data }) {
  const link = document.createElement('a');
  link.download = name;
  link.href = `data:${type};base64,${data}`;
  link.click();
}
