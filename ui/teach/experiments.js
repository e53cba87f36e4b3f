// @ts-check
// Experiments: one thing is changed, and the models are asked again.
import { make, phrase, span } from '../components/dom.js';
import { putMarkup } from '../components/markup.js';
import { button, say } from './session.js';
import { Recorder } from './recorder.js';

export class Experiments {
  /**
   * @param {import('./session.js').TeachSession} session
   * @param {import('../components/camera.js').SharedCamera} camera
   */
  constructor(session, camera) {
    this.session = session;
    this.camera = camera;
    this.list = make('div', { class: 'ft-experiments' });
    this.table = make('div', { class: 'ft-trials' });
    this.printButton = button(say('print'), () => this.print(), '', { disabled: true });
    this.node = make(
      'section',
      { class: 'ft-card ft-lab' },
      make('h3', { text: say('experiments') }),
      make('p', { class: 'ft-hint', text: say('experiments_intro') }),
      this.list,
      this.table,
      make('div', { class: 'ft-buttons' }, this.printButton),
    );
    session.on('trials', (markup) => this.show(markup));
    session.on('lesson', (answer) => {
      this.show(answer.trials ?? '');
      if (session.lesson) this.lay();
    });
  }

  /** @param {string} markup the table so far */
  show(markup) {
    putMarkup(this.table, markup);
    this.printButton.disabled = !this.table.querySelector('table');
  }

  lay() {
    const { trials } = this.session.given;
    this.list.replaceChildren(...Object.entries(trials).map(([name, recorded]) => this.experiment(name, recorded)));
  }

  /**
   * @param {string} name
   * @param {boolean} recorded whether it wants new pictures
   */
  experiment(name, recorded) {
    const title = phrase(`trial.${name}`);
    const place = make('div', { class: 'ft-place' });
    const go = button(say('try'), () => (recorded ? this.toggle(name, go, place) : this.ask(name, go)), '', {
      'aria-label': say('try_it', title),
      'data-trial': name,
    });
    const words = make('div', {}, make('b', { text: title }), make('p', { text: phrase(`trial.${name}.hint`) }));
    return make('div', { class: 'ft-experiment' }, words, go, place);
  }

  /**
   * @param {string} name
   * @param {HTMLButtonElement} go
   */
  async ask(name, go) {
    go.disabled = true;
    await this.session.ask('experiment', { name });
    go.disabled = false;
  }

  /**
   * Open or close an experiment's recorder.
   * @param {string} name
   * @param {HTMLButtonElement} go
   * @param {HTMLElement} place
   */
  toggle(name, go, place) {
    const { session } = this;
    const open = session.recorder?.owner === go;
    session.closeRecorder();
    if (open) return;
    const labels = session.lesson?.labels ?? [];
    const options = labels.map((label, at) => make('option', { value: at, text: label, translate: 'no' }));
    const which = make('select', { 'aria-label': say('record_as') }, ...options);
    const recorder = new Recorder(session, this.camera, phrase(`trial.${name}`), {
      begin: async () => Number(which.value),
      frame: async (image, at) => !(await session.ask('trial', { name, at, image })).failed,
      closed: () => {
        if (session.recorder?.owner === go) session.recorder = null;
        place.replaceChildren();
        window.faceOffPut(go, say('try'));
      },
    });
    session.recorder = { close: () => recorder.close(), owner: go };
    window.faceOffPut(go, say('close'));
    const choice = make('label', { class: 'ft-field' }, span(say('record_as')), which);
    place.replaceChildren(choice, recorder.node);
    recorder.open();
  }

  /** The table alone, in a window of its own. */
  print() {
    const sheet = window.open('', '_blank');
    if (!sheet) return window.print();
    const title = window.faceOffText(say('experiments'));
    sheet.document.title = title;
    for (const style of document.querySelectorAll('style, link[rel=stylesheet]')) {
      sheet.document.head.append(style.cloneNode(true));
    }
    const head = sheet.document.createElement('h1');
    head.textContent = title;
    sheet.document.body.className = 'ft-paper';
    sheet.document.body.replaceChildren(head, ...[...this.table.childNodes].map((node) => node.cloneNode(true)));
    sheet.setTimeout(() => sheet.print(), 300);
  }
}
