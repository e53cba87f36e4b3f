// @ts-check
// The menu of a class: arrows move in it, Escape closes it and returns the focus.
import { make } from '../components/dom.js';
import { button, say } from './session.js';

export class ClassMenu {
  /** @param {[string, () => void][]} actions the sentences' keys, and what they do */
  constructor(actions) {
    this.summary = make('summary', { 'aria-label': say('menu'), title: say('menu'), text: '⋮' });
    const items = actions.map(([key, act]) => {
      const chosen = () => {
        this.close();
        act();
      };
      return button(say(key), chosen, 'ft-item', { 'data-action': key });
    });
    this.items = items;
    this.node = make('details', { class: 'ft-menu' }, this.summary, make('div', { class: 'ft-items' }, ...items));
    this.node.addEventListener('focusout', (event) => {
      if (event.relatedTarget instanceof Node && !this.node.contains(event.relatedTarget)) this.node.open = false;
    });
    this.node.addEventListener('keydown', (event) => this.key(event));
    const away = (/** @type {PointerEvent} */ event) => {
      if (event.target instanceof Node && !this.node.contains(event.target)) this.node.open = false;
    };
    this.node.addEventListener('toggle', () => {
      if (this.node.open) document.addEventListener('pointerdown', away);
      else document.removeEventListener('pointerdown', away);
    });
  }

  /** Close it, and leave the focus where the menu was opened. */
  close() {
    this.node.open = false;
    this.summary.focus();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === 'Escape' && this.node.open) this.close();
    else if (event.key === 'ArrowDown') this.move(1);
    else if (event.key === 'ArrowUp') this.move(-1);
    else return;
    event.preventDefault();
  }

  /** @param {number} step */
  move(step) {
    this.node.open = true;
    const at = this.items.findIndex((one) => one === document.activeElement);
    const to = at < 0 ? (step > 0 ? 0 : this.items.length - 1) : at + step;
    this.items[(to + this.items.length) % this.items.length].focus();
  }
}
