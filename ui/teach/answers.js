// @ts-check
// What both models answer: a bar for every class.
import { make, phrase, put, span } from '../components/dom.js';
import { say } from './session.js';

export class Answers {
  /** @param {import('./session.js').TeachSession} session */
  constructor(session) {
    this.session = session;
    this.least = 0.6; // below this confidence a model is not sure
    this.node = make('div', { class: 'ft-answers' });
    /** @type {ReturnType<Answers['column']>[]} */
    this.columns = [];
  }

  /** One column a model, empty. */
  lay() {
    const { lesson } = this.session;
    this.columns = lesson ? Object.keys(lesson.models).map((name) => this.column(name, lesson)) : [];
    this.node.replaceChildren(...this.columns.map((one) => one.node));
    this.fill();
  }

  /**
   * @param {string} name the model's
   * @param {import('./session.js').Lesson} lesson
   */
  column(name, lesson) {
    const says = make('p', { class: 'ft-says' });
    const rows = lesson.labels.map((label) => {
      const inner = make('i', { style: `background:${lesson.colours[label]}` });
      const share = make('span', { class: 'ft-share-words' });
      const word = make('span', { class: 'ft-label', text: label, title: label, translate: 'no' });
      const track = make('span', { class: 'ft-track', 'aria-hidden': 'true' }, inner);
      return { inner, share, row: make('li', { class: 'ft-bar' }, word, track, share) };
    });
    const title = make('h4', { text: lesson.models[name].title });
    const list = make('ul', {}, ...rows.map((one) => one.row));
    const node = make('section', { class: 'ft-answer', 'data-model': name }, title, says, list);
    return { name, node, says, rows, labels: lesson.labels };
  }

  /**
   * Show what the models say of a face; nothing without one.
   * @param {Record<string, number[]>} [answers] probabilities by model
   */
  fill(answers = {}) {
    for (const column of this.columns) this.fillColumn(column, answers[column.name]);
  }

  /**
   * @param {ReturnType<Answers['column']>} column
   * @param {number[]} [probs]
   */
  fillColumn({ node, says, rows, labels }, probs) {
    const best = probs ? probs.indexOf(Math.max(...probs)) : -1;
    const sure = Boolean(probs) && (probs?.[best] ?? 0) >= this.least;
    name(says, labels[best], sure);
    node.dataset.says = sure ? labels[best] : '';
    node.classList.toggle('ft-unsure', Boolean(probs) && !sure);
    rows.forEach(({ inner, share, row }, at) => {
      inner.style.width = `${100 * (probs?.[at] ?? 0)}%`;
      put(share, probs ? phrase('{0:.2f}', probs[at]) : '');
      row.classList.toggle('ft-best', at === best && sure);
    });
  }
}

/**
 * Say which class it is, only where that changes: answers come many times a second.
 * @param {HTMLElement} says
 * @param {string | undefined} label
 * @param {boolean} sure
 */
function name(says, label, sure) {
  const sentence = `${sure} ${label}`;
  if (says.dataset.sentence === sentence) return;
  says.dataset.sentence = sentence;
  const named = make('span', { text: label ?? '–', translate: 'no' });
  says.replaceChildren(...(sure || !label ? [named] : [span(say('not_sure')), ' (', named, ')']));
}
