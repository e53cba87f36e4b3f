// @ts-check
// A project as a whole: what it starts from, and opening and saving it.
import { commas, download, make, span } from '../components/dom.js';
import { button, say } from './session.js';

const STARTS = [
  ['?', 'start'],
  ['', 'start_own'],
  ['6', 'start_6'],
  ['7', 'start_7'],
];
const DRAWN = ['drawn_corners', 'drawn_mouth', 'drawn_brows'];
const SKIPPED = ['none', 'several', 'others', 'unreadable']; // names follow the last one

export class ProjectTools {
  /**
   * @param {import('./session.js').TeachSession} session
   * @param {import('./progress.js').Progress} progress
   * @param {import('./classes.js').ClassList} classes
   */
  constructor(session, progress, classes) {
    this.session = session;
    this.progress = progress;
    this.classes = classes;
    this.saved = 0;
    this.archive = make('input', { type: 'file', accept: '.zip,.tm', hidden: true, 'aria-label': say('open') });
    this.archive.addEventListener('change', () => {
      const [file] = this.archive.files ?? [];
      this.archive.value = '';
      if (file) this.open(file);
    });
    const open = button(say('open'), () => this.archive.click(), '', { title: say('open_hint') });
    const save = session.given.files ? button(say('save'), () => this.save(), '', { title: say('save_hint') }) : null;
    const drawn = button(say('drawn'), () => this.drawnFaces(), 'ft-drawn', { title: say('drawn_hint') });
    this.node = make('div', { class: 'ft-tools' }, this.startMenu(), open, this.archive, save, drawn);
    window.addEventListener('beforeunload', (event) => {
      if (session.view.total > this.saved) event.preventDefault();
    });
  }

  startMenu() {
    const menu = make('select', { 'aria-label': say('start_from') });
    for (const [value, key] of STARTS) menu.append(make('option', { value, text: say(key) }));
    menu.addEventListener('change', () => {
      const { value } = menu;
      menu.value = '?';
      if (value !== '?') this.start(value);
    });
    return menu;
  }

  /** @param {string} value which classes */
  async start(value) {
    if (!this.agreed('start_sure')) return;
    this.session.closeRecorder();
    await this.session.ask('start', { with: value });
    await this.classes.inThisLanguage();
  }

  /** Classes of drawn faces, for those without a camera; their names are in the page's language. */
  async drawnFaces() {
    if (!this.agreed('start_sure')) return;
    this.session.closeRecorder();
    const names = DRAWN.map((key) => window.faceOffText(say(key)));
    const answer = await this.progress.during(say('drawn'), () => this.session.ask('drawn', { names }));
    if (!answer.failed) this.session.emit('ready');
  }

  /**
   * Whether samples may go.
   * @param {string} question
   */
  agreed(question) {
    const { total } = this.session.view;
    return !total || confirm(window.faceOffText(say(question, total)));
  }

  /**
   * @param {File} file a project, or a zip with a folder of pictures for each class
   * @param {boolean} [sure] that what is there may be replaced
   * @returns {Promise<void>}
   */
  async open(file, sure = false) {
    this.progress.show(say('adding', 1, 1));
    const path = await this.session.send(file);
    if (!path) return this.progress.hide();
    this.session.closeRecorder();
    const { several } = this.session.option;
    const ask = () => this.session.ask('archive', { path, several, sure });
    const answer = await this.progress.during(say('adding', 1, 1), ask);
    if (answer.sure && this.agreed(answer.sure)) return this.open(file, true);
    if (answer.counts) this.report(answer);
  }

  /**
   * What came out of a zip.
   * @param {{ counts: Record<string, number>, unreadable: string[], words: Sentence }} answer
   */
  report({ counts, unreadable, words }) {
    const parts = SKIPPED.filter((name) => counts[name]).map((name) => say(`skipped_${name}`, counts[name]));
    const more = counts.unreadable > unreadable.length ? ', …' : '';
    const names = unreadable.length ? [` (${unreadable.join(', ')}${more})`] : [];
    const skipped = parts.length ? [' ', span(say('skipped')), ' ', ...commas(parts), ...names, '.'] : [];
    const line = make('span', {}, span(say('added', counts.added)), ...skipped, ...(words ? [' ', span(words)] : []));
    this.session.tell([line], Boolean(words));
  }

  async save() {
    const answer = await this.session.ask('save');
    if (!answer.file) return;
    const bytes = Uint8Array.from(atob(answer.file), (letter) => letter.charCodeAt(0));
    download(new Blob([bytes], { type: 'application/zip' }), answer.name);
    this.saved = this.session.view.total;
  }
}
