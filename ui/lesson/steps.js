// @ts-check
// The lesson in steps: what to do, where, how long, what to write down. Each step opens what it needs.
import { putMarkup } from '../components/markup.js';
import { made, say } from './messages.js';

const STORE = 'face-off-step';
const CHOICES = ['feels', 'looks', 'wants'];
const RIGHT = 'looks';

/**
 * @typedef {{ tab: string, example?: string, title: Message }} Place
 * @typedef {{ title: Message, minutes: Message, todo: Message, questions: Message[], places: Place[] }} Step
 */

export const STEPS = `<section class="fl-lesson fo-card"><h2 data-i18n="lesson.title"></h2>
  <nav><ol class="fl-steps"></ol></nav></section><div class="fl-pages"></div>`;

export const TICKET = `<form class="fl-ticket"><fieldset><legend data-i18n="lesson.ticket"></legend>${CHOICES.map(
  (one) =>
    `<label><input type="radio" name="fl-ticket" value="${one}"><span data-i18n="lesson.ticket_${one}"></span></label>`,
).join('')}</fieldset><p class="fl-said" role="status"></p></form>`;

/** @param {HTMLElement} root of the ticket: its answer goes nowhere */
export function ticket(root) {
  root.addEventListener('change', (event) => {
    const right = /** @type {HTMLInputElement} */ (event.target).value === RIGHT,
      line = root.querySelector('.fl-said');
    if (line) window.faceOffPut(line, say(right ? 'ticket_right' : 'ticket_wrong'));
    if (right) root.dispatchEvent(new CustomEvent('fl-answered', { bubbles: true }));
  });
}

export class Steps {
  /** @type {HTMLElement[]} */
  pages = [];
  at = 0;

  /**
   * @param {HTMLElement} root laid out with `STEPS`
   * @param {Step[]} steps
   */
  constructor(root, steps) {
    this.steps = steps;
    this.list = /** @type {HTMLElement} */ (root.querySelector('.fl-steps'));
    const nav = /** @type {HTMLElement} */ (root.querySelector('nav'));
    window.faceOffLabel(nav, 'aria-label', say('steps'));
    steps.forEach((step, at) => this.list.append(this.tab(step, at)));
    this.pages = steps.map((step, at) => this.page(step, at));
    root.querySelector('.fl-pages')?.append(...this.pages);
    this.open(remembered(steps.length), false);
  }

  /** What a step has besides words. @param {number} at */
  body(at) {
    return /** @type {HTMLElement} */ (this.pages[at].querySelector('.fl-body'));
  }

  /**
   * @param {Step} step
   * @param {number} at
   */
  tab(step, at) {
    const item = document.createElement('li'),
      button = made('button', null);
    button.type = 'button';
    button.append(made('b', at + 1), made('span', step.title));
    button.addEventListener('click', () => this.open(at));
    item.append(button);
    return item;
  }

  /**
   * @param {Step} step
   * @param {number} at
   */
  page(step, at) {
    const page = made('section', null, 'fl-step fo-card'),
      head = made('h3', null),
      questions = made('ul', null, 'fl-questions'),
      buttons = made('p', null, 'fl-buttons');
    head.tabIndex = -1;
    head.append(made('span', at + 1), '. ', made('span', step.title), ' ', made('small', step.minutes));
    questions.append(...step.questions.map((one) => made('li', one)));
    buttons.append(...step.places.map(link));
    if (at + 1 < this.steps.length) buttons.append(this.next(at));
    page.append(head, made('p', step.todo, 'fl-how'), made('div', null, 'fl-body'));
    page.append(made('p', say('write'), 'fl-write'), questions, buttons);
    if (at + 1 === this.steps.length) page.append(this.end(page));
    return page;
  }

  /** Said once the ticket is answered. @param {HTMLElement} page */
  end(page) {
    const line = made('p', null, 'fl-said');
    line.setAttribute('role', 'status');
    page.addEventListener('fl-answered', () => window.faceOffPut(line, say('end')));
    return line;
  }

  /** @param {number} at */
  next(at) {
    const button = made('button', say('next_step'), 'fl-main fl-go');
    button.type = 'button';
    button.addEventListener('click', () => this.open(at + 1));
    return button;
  }

  /**
   * @param {number} at
   * @param {boolean} focus whether the reader is taken there
   */
  open(at, focus = true) {
    this.at = at;
    this.pages.forEach((page, i) => (page.hidden = i !== at));
    [...this.list.querySelectorAll('button')].forEach((button, i) => {
      if (i === at) button.setAttribute('aria-current', 'step');
      else button.removeAttribute('aria-current');
    });
    try {
      sessionStorage[STORE] = String(at);
    } catch {
      // without a memory a reload begins at step 1
    }
    if (focus) this.pages[at].querySelector('h3')?.focus();
    this.pages[at].dispatchEvent(new CustomEvent('fl-open'));
  }
}

/** @param {number} count of steps */
function remembered(count) {
  try {
    const at = Number(sessionStorage[STORE] ?? 0);
    return Number.isInteger(at) && at >= 0 && at < count ? at : 0;
  } catch {
    return 0;
  }
}

/** @param {Place} place */
function link({ tab, example, title }) {
  const anchor = made('a', say('open_own', title), 'fl-place');
  anchor.href = `?tab=${tab}${example ? `&example=${example}` : ''}`;
  anchor.addEventListener('click', (event) => {
    event.preventDefault();
    window.faceOffOpen({ tab, example });
  });
  return anchor;
}

/**
 * A section of its own inside a step.
 * @param {HTMLElement} body
 * @param {string} markup
 * @param {string} css class names
 */
export function section(body, markup, css) {
  const part = made('section', null, css);
  putMarkup(part, markup);
  body.append(part);
  return part;
}
