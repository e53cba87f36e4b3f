// @ts-check
// A part of the page alone on paper.
import { putMarkup } from '../components/markup.js';

// Gradio puts its own class before every rule of a style sheet, so these are written here.
const RULES = `<style>.fl-onpaper { display: none; } @media print {
  body { background: #fff !important; } body > :not(.fl-onpaper) { display: none !important; }
  .fl-onpaper { display: block; color: #000; font: 11pt/1.45 system-ui, sans-serif; }
  .fl-onpaper :is(ol, ul) { padding-left: 1.2em; } .fl-onpaper li { break-inside: avoid; } .fl-onpaper h3 small { font-weight: 400; }
  .fl-onpaper ul i { display: block; height: 2.2em; border-bottom: 1px dotted #000; }
}</style>`;
const paper = document.createElement('div');
paper.className = 'fl-onpaper';
window.addEventListener('afterprint', () => paper.remove());

/** @param {Element} part */
export function printOnly(part) {
  putMarkup(paper, RULES + part.innerHTML);
  document.body.append(paper);
  window.print();
}
