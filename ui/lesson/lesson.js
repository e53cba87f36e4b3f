// @ts-check
// Called once with the component's element; `tab.py` says how. Answers come only after a label is committed.
import { putMarkup } from '../components/markup.js';
import { GAME, Game } from './game.js';
import { PAPER, Paper } from './paper.js';
import { STEPS, Steps, TICKET, section, ticket } from './steps.js';
import { TEACHER, Teacher } from './teacher.js';

window.faceOffLesson = (element, props, server) => {
  const { faces, labels, titles, sheet, steps } = JSON.parse(
    JSON.stringify({
      faces: props.faces,
      labels: props.labels,
      titles: props.titles,
      sheet: props.sheet,
      steps: props.steps,
    }),
  );
  const root = /** @type {HTMLElement} */ (element.firstElementChild);
  putMarkup(root, `${TEACHER}${STEPS}${PAPER(sheet)}`);
  /** @type {(selector: string) => any} */
  const find = (selector) => root.querySelector(selector);
  const told = { faces, labels, titles, steps };
  new Teacher(find('.fl-teacher'), root, told, server);
  new Paper(find('.fl-paper'), server);
  const walk = new Steps(root, steps),
    round = section(walk.body(0), GAME(labels), 'fl-game'),
    game = new Game(round, section(walk.body(1), '', 'fl-end'), told, server);
  round.addEventListener('fl-finished', () => walk.open(1));
  round.addEventListener('fl-again', () => walk.open(0));
  walk.pages[1].addEventListener('fl-open', () => game.summary());
  if (walk.at === 1) game.summary();
  ticket(section(walk.body(steps.length - 1), TICKET, ''));
};
