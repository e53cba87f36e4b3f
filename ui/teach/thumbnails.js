// @ts-check
// Pictures of samples: the crops in the strips, and the photo each was cut from.
import { make } from '../components/dom.js';

const AT_ONCE = 200;
const BUBBLE_WIDTH = 170; // pixels

/** The samples' crops, fetched when they are first shown. */
export class Thumbnails {
  /** @param {import('./session.js').TeachSession} session */
  constructor(session) {
    this.session = session;
    /** @type {Map<number, string>} */
    this.crops = new Map();
    /** @type {Map<number, HTMLImageElement>} */
    this.wanted = new Map();
  }

  /**
   * Show a sample's crop, now or when it has come.
   * @param {number} id
   * @param {HTMLImageElement} image
   */
  show(id, image) {
    const crop = this.crops.get(id);
    if (!crop) this.wanted.set(id, image);
    else if (!image.src) image.src = crop;
  }

  async fetch() {
    while (this.wanted.size) {
      const asked = new Map([...this.wanted].slice(0, AT_ONCE));
      for (const id of asked.keys()) this.wanted.delete(id);
      const answer = await this.session.ask('thumbs', { ids: [...asked.keys()] });
      if (answer.failed) return;
      for (const [name, crop] of Object.entries(answer.thumbs ?? {})) {
        this.crops.set(Number(name), crop);
        const image = asked.get(Number(name));
        if (image) image.src = crop;
      }
    }
  }
}

/** The picture a sample was cut from, with the face's box, while the pointer or the focus is on the sample. */
export class Bubble {
  /** @param {import('./session.js').TeachSession} session */
  constructor(session) {
    this.session = session;
    this.node = make('div', { class: 'ft-bubble', hidden: true });
    /** @type {Map<number, any>} */
    this.photos = new Map();
    this.id = -1;
  }

  hide() {
    this.id = -1;
    this.node.hidden = true;
  }

  /**
   * @param {number} id
   * @param {Element} tile
   */
  async show(id, tile) {
    this.id = id;
    if (!this.photos.has(id)) this.photos.set(id, await this.session.ask('photo', { id }));
    const found = this.photos.get(id);
    if (this.id !== id || !found.photo || !tile.isConnected) return;
    const [left, top, right, bottom] = found.box.map((/** @type {number} */ part) => 100 * part);
    const style = `left:${left}%;top:${top}%;width:${right - left}%;height:${bottom - top}%`;
    this.node.replaceChildren(make('img', { src: found.photo, alt: '' }), make('i', { style }));
    const place = tile.getBoundingClientRect();
    const outer = this.session.root.getBoundingClientRect();
    this.node.style.left = `${Math.max(0, Math.min(place.left - outer.left, outer.width - BUBBLE_WIDTH))}px`;
    this.node.style.top = `${place.bottom - outer.top + 6}px`;
    this.node.hidden = false;
  }
}
