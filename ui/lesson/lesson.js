// @ts-check
// Called once with the component's element; `tab.py` says how. Answers come only after a label is committed.
import { putMarkup } from '../components/markup.js';
import { GAME, Game } from './game.js';
import { TEACHER, Teacher } from './teacher.js';
import { printOnly } from './paper.js';

window.faceOffLesson = (element, props, server) => {
  const { faces, labels, titles, sheet } = JSON.parse(
    JSON.stringify({ faces: props.faces, labels: props.labels, titles: props.titles, sheet: props.sheet }),
  );
  const root = /** @type {HTMLElement} */ (element.firstElementChild);
  putMarkup(
    root,
    `${TEACHER}<section class="fl-game fo-card">${GAME(labels)}</section>
    <div class="fl-paper fo-card">${sheet}<p class="fl-buttons"><button type="button" class="fl-print" data-i18n="lesson.print"></button></p></div>`,
  );
  /** @type {(selector: string) => any} */
  const find = (selector) => root.querySelector(selector);
  new Teacher(find('.fl-teacher'), root, { faces, labels, titles }, server);
  new Game(find('.fl-game'), { faces, labels, titles }, server);
  find('.fl-print').addEventListener('click', () => printOnly(find('.fl-sheet')));
};
