// @ts-check
// The list of classes, and what concerns all of them.
import { make, put, span } from '../components/dom.js';
import { ClassCard } from './class_card.js';
import { button, say } from './session.js';

/** A name that nobody typed. */
const MADE = /^Class (\d+)$/;

export class ClassList {
  /**
   * @param {Omit<import('./class_card.js').CardTools, 'focus'>} tools
   */
  constructor(tools) {
    this.session = tools.session;
    this.tools = { ...tools, focus: (/** @type {number} */ at, way = 'name') => this.focus(at, way) };
    /** @type {ClassCard[]} */
    this.cards = [];
    this.list = make('div', { class: 'ft-classes' });
    this.total = make('p', { class: 'ft-total' });
    this.balance = make('p', { class: 'ft-balance', hidden: true });
    this.addButton = button(say('add'), () => this.add(), 'ft-add');
    this.emptyButton = button(say('empty'), () => this.session.ask('empty'), 'ft-small', { disabled: true });
    this.parts = [this.list, this.addButton, this.balance, this.below()];
    this.session.on('view', () => this.show());
    this.session.on('count', () => this.counted());
    this.session.on('lesson', () => this.session.view.classes.forEach((one, at) => this.cards[at]?.show(one)));
  }

  below() {
    const several = make('select', { 'aria-label': say('several') });
    for (const value of ['skip', 'largest', 'all']) {
      several.append(make('option', { value, text: say(`several_${value}`) }));
    }
    several.addEventListener('change', () => {
      this.session.option.several = several.value;
    });
    const choice = make('label', { class: 'ft-field ft-several' }, span(say('several')), several);
    return make('div', { class: 'ft-below' }, this.total, this.emptyButton, choice);
  }

  show() {
    const { classes, balance } = this.session.view;
    while (this.cards.length > classes.length) this.cards.pop()?.gone();
    while (this.cards.length < classes.length) {
      const card = new ClassCard(this.tools, this.cards.length);
      this.cards.push(card);
      this.list.append(card.node);
    }
    classes.forEach((one, at) => this.cards[at].show(one));
    put(this.balance, balance);
    this.balance.hidden = !balance;
    this.counted();
    this.tools.thumbnails.fetch();
  }

  counted() {
    const { total, most } = this.session.view;
    put(this.total, say('of_most', total, most));
    this.emptyButton.disabled = !total;
  }

  /**
   * Lead the keyboard to a class; to the button that adds one where there is none.
   * @param {number} at
   * @param {string} way
   */
  focus(at, way) {
    const card = this.cards[at];
    if (!card) this.addButton.focus();
    else (way === 'menu' ? card.menu.summary : card.name).focus();
  }

  async add() {
    const answer = await this.session.ask('add');
    if (answer.failed) return;
    await this.inThisLanguage(this.cards.length - 1);
    this.cards.at(-1)?.name.select();
  }

  /**
   * Names that nobody typed come in the page's language; from then on they are somebody's own.
   * @param {number} [since] the first class to look at
   */
  async inThisLanguage(since = 0) {
    for (const [at, { name }] of [...this.session.view.classes.entries()].slice(since)) {
      const number = MADE.exec(name)?.[1];
      const here = number && window.faceOffText(say('class_n', Number(number)));
      if (here && here !== name) await this.session.ask('rename', { at, name: here });
    }
  }
}
