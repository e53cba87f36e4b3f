// @ts-check
// Something long: how far it is, and a way out.
import { make, put } from '../components/dom.js';
import { button, say } from './session.js';

const ASK_EVERY = 300; // milliseconds

export class Progress {
  /** @param {import('./session.js').TeachSession} session */
  constructor(session) {
    this.session = session;
    this.cancelled = false;
    this.bar = make('i');
    this.words = make('span');
    const track = make('span', { class: 'ft-track', 'aria-hidden': 'true' }, this.bar);
    const cancel = button(say('cancel'), () => this.cancel(), 'ft-small');
    this.node = make('div', { class: 'ft-progress', hidden: true }, track, this.words, cancel);
  }

  cancel() {
    this.cancelled = true;
    this.session.ask('cancel');
  }

  /**
   * @param {Sentence} text
   * @param {number} [share] how far it is
   */
  show(text, share = 0) {
    this.node.hidden = false;
    this.session.root.classList.add('ft-working');
    put(this.words, text);
    this.bar.style.width = `${Math.round(100 * share)}%`;
  }

  hide() {
    this.node.hidden = true;
    this.session.root.classList.remove('ft-working');
    this.cancelled = false;
  }

  /**
   * Show how far the server is with something.
   * @template T
   * @param {Sentence} text
   * @param {() => Promise<T>} work
   */
  async during(text, work) {
    this.show(text);
    const asking = setInterval(async () => {
      const answer = await this.session.server.teach({ do: 'progress' });
      if (typeof answer?.share === 'number' && !this.node.hidden) this.show(text, answer.share);
    }, ASK_EVERY);
    try {
      return await work();
    } finally {
      clearInterval(asking);
      this.hide();
    }
  }
}
