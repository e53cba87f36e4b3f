// @ts-check
// The samples of one class. They are one stop for the Tab key: arrows move between them, Delete removes one.
import { make } from '../components/dom.js';
import { say } from './session.js';

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };

export class SampleStrip {
  /**
   * @param {{ thumbnails: import('./thumbnails.js').Thumbnails, bubble: import('./thumbnails.js').Bubble }} pictures
   * @param {(id: number) => Promise<void>} remove deletes a sample
   */
  constructor({ thumbnails, bubble }, remove) {
    this.thumbnails = thumbnails;
    this.bubble = bubble;
    this.remove = remove;
    /** @type {Map<number, HTMLLIElement>} */
    this.tiles = new Map();
    this.node = make('ul', { class: 'ft-strip', hidden: true });
    for (const name of ['pointerover', 'focusin']) this.node.addEventListener(name, (event) => this.hover(event));
    for (const name of ['pointerleave', 'focusout']) this.node.addEventListener(name, () => bubble.hide());
    this.node.addEventListener('keydown', (event) => this.key(event));
    this.node.addEventListener('click', (event) => this.click(event));
  }

  /**
   * Show these samples.
   * @param {number[]} ids
   * @param {Set<number>} copies which are near-duplicates
   * @param {string} name the class's
   */
  show(ids, copies, name) {
    this.node.hidden = !ids.length;
    window.faceOffLabel(this.node, 'aria-label', say('samples_own', name));
    const keep = new Set(ids);
    for (const [id, tile] of this.tiles) {
      if (keep.has(id)) continue;
      tile.remove();
      this.tiles.delete(id);
    }
    for (const id of ids) {
      const tile = this.tiles.get(id) ?? this.add(id, name);
      tile.classList.toggle('ft-copy', copies.has(id));
      const image = tile.querySelector('img');
      if (image) this.thumbnails.show(id, image);
    }
    this.rove();
  }

  /**
   * @param {number} id
   * @param {string} name
   */
  add(id, name) {
    const title = say('delete_one');
    const button = make('button', {
      type: 'button',
      class: 'ft-x',
      'aria-label': title,
      title,
      text: '×',
      tabindex: -1,
    });
    const image = make('img', { alt: name, translate: 'no', width: 48, height: 48, draggable: 'false' });
    const tile = make('li', { class: 'ft-tile', 'data-id': id }, image, button);
    this.tiles.set(id, tile);
    this.node.prepend(tile); // the newest first
    return tile;
  }

  /** @returns {HTMLButtonElement[]} one a sample */
  get buttons() {
    return [...this.node.querySelectorAll('button')];
  }

  /** One of the buttons can be reached by the Tab key: `button`, or the one that was before. @param {Element} [button] */
  rove(button) {
    const all = this.buttons;
    const chosen = button ?? all.find((one) => one.tabIndex === 0) ?? all[0];
    for (const one of all) one.tabIndex = one === chosen ? 0 : -1;
  }

  /** @param {Event} event */
  hover(event) {
    const tile = event.target instanceof Element ? event.target.closest('.ft-tile') : null;
    if (!(tile instanceof HTMLElement)) return;
    if (event.type === 'focusin') this.rove(tile.querySelector('button') ?? undefined);
    this.bubble.show(Number(tile.dataset.id), tile);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const all = this.buttons;
    const at = all.findIndex((one) => one === document.activeElement);
    if (at < 0) return;
    if (['Delete', 'Backspace'].includes(event.key)) this.drop(all[at]);
    else {
      const to = this.next(all, at, event.key);
      if (to === null) return;
      all[to]?.focus();
    }
    event.preventDefault();
  }

  /**
   * Where a key leads from a sample; null for keys that lead nowhere.
   * @param {HTMLElement[]} all
   * @param {number} at
   * @param {string} key
   */
  next(all, at, key) {
    if (key === 'Home') return 0;
    if (key === 'End') return all.length - 1;
    const step = STEPS[key];
    if (!step) return null;
    if (key === 'ArrowLeft' || key === 'ArrowRight') return Math.min(all.length - 1, Math.max(0, at + step));
    const column = all[at].getBoundingClientRect().left;
    for (let to = at + step; all[to]; to += step) {
      if (Math.abs(all[to].getBoundingClientRect().left - column) < 4) return to;
    }
    return at;
  }

  /** @param {Event} event */
  click(event) {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (button) this.drop(button);
  }

  /**
   * Delete a button's sample; the focus goes to a neighbour.
   * @param {HTMLElement} button
   */
  async drop(button) {
    const tile = button.closest('li');
    if (!tile) return;
    this.bubble.hide();
    const neighbour = tile.nextElementSibling ?? tile.previousElementSibling;
    await this.remove(Number(tile.dataset.id));
    if (tile.isConnected) return;
    this.rove(neighbour?.querySelector('button') ?? undefined);
    if (document.activeElement === document.body) neighbour?.querySelector('button')?.focus();
    if (document.activeElement === document.body) this.node.dispatchEvent(new CustomEvent('emptied'));
  }
}
