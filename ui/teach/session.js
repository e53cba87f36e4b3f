// @ts-check
// What the parts of the Teach tab share: the server, the project as it was last seen, and who wants to hear of changes.
import { make, phrasesOf } from '../components/dom.js';

/**
 * A class of the project.
 * @typedef {{ name: string, enabled: boolean, ids: number[], copies: number[] }} TeachClass
 */

/**
 * @typedef {object} View
 * @property {TeachClass[]} classes
 * @property {number} total samples
 * @property {number} most how many a session may hold
 * @property {Sentence} [why] why nothing can be trained yet
 * @property {Sentence} [balance]
 * @property {boolean} [stale]
 * @property {boolean} [taught]
 */

/**
 * What was trained.
 * @typedef {object} Lesson
 * @property {string[]} labels
 * @property {Record<string, string>} colours
 * @property {Record<string, { title: Sentence, threshold: number }>} models
 * @property {boolean} aligned
 */

/** A recorder that is open. @typedef {{ close: () => void }} Closable */

export const say = phrasesOf('teach');

/** Samples of a class that can be trained on; see `LEAST_SAMPLES` in `zoo/teach/project.py`. */
export const ENOUGH = 3;

export class TeachSession {
  /**
   * @param {HTMLElement} root
   * @param {any} props
   * @param {Server} server
   * @param {Upload} upload
   */
  constructor(root, props, server, upload) {
    this.root = root;
    this.server = server;
    this.upload = upload;
    this.given = JSON.parse(JSON.stringify(props));
    /** @type {View} */
    this.view = { classes: [], total: 0, most: 0 };
    /** @type {Lesson | null} */
    this.lesson = null;
    /** @type {Record<string, any>} how samples are taken */
    this.option = { rate: 8, delay: 0, duration: 0, several: 'skip' };
    /** Whether the samples are drawn faces. */
    this.drawn = false;
    /** @type {(Closable & { owner?: object }) | null} */
    this.recorder = null;
    /** @type {Map<string, ((value: any) => void)[]>} */
    this.listeners = new Map();
  }

  /**
   * Hear of something: view, lesson, trials, growth or notice.
   * @param {string} kind
   * @param {(value: any) => void} listener
   */
  on(kind, listener) {
    this.listeners.set(kind, [...(this.listeners.get(kind) ?? []), listener]);
  }

  /**
   * @param {string} kind
   * @param {any} [value]
   */
  emit(kind, value) {
    for (const listener of this.listeners.get(kind) ?? []) listener(value);
  }

  /**
   * Show the user a message; an error stays until the next message.
   * @param {Sentence | Node[] | ''} message
   * @param {boolean} [bad]
   */
  tell(message, bad = false) {
    this.emit('notice', { message, bad });
  }

  /**
   * Make a request, and pass on what is new in the answer.
   * @param {string} what
   * @param {object} [more]
   */
  async ask(what, more = {}) {
    const answer = await this.server.teach({ do: what, ...more });
    if (!answer) {
      this.tell(say('lost'), true);
      return { failed: true };
    }
    if (answer.words) this.tell(answer.words, answer.failed === true);
    if (answer.undo) this.emit('notice', { message: answer.undo, undo: () => this.ask('undo') });
    if (answer.view) this.view = answer.view;
    if (answer.closed) this.drawn = what === 'drawn';
    if (answer.lesson || answer.closed) this.lesson = answer.lesson ?? null;
    if (answer.view) this.emit('view');
    if (answer.lesson || answer.closed) this.emit('lesson', answer);
    else for (const part of ['trials', 'growth']) if (answer[part] !== undefined) this.emit(part, answer[part]);
    return answer;
  }

  /**
   * Send a file; where it went, or nothing where that failed.
   * @param {File} file
   */
  async send(file) {
    const sent = await this.upload(file).catch(() => null);
    if (!sent?.path) this.tell(say('busy_upload'), true);
    return sent?.path ?? '';
  }

  /** Close the recorder that is open. */
  closeRecorder() {
    this.recorder?.close();
  }
}

/**
 * A button.
 * @param {Sentence} text
 * @param {((event: Event) => void) | null} click
 * @param {string} [css]
 * @param {Record<string, any>} [more]
 */
export function button(text, click, css = '', more = {}) {
  const about = { type: 'button', class: `ft-button ${css}`, text, ...more };
  return make('button', click ? { ...about, onclick: click } : about);
}
