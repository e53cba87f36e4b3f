// @ts-check
// One class: its name, its samples, and how more come in.
import { commas, make, phrase, put, span } from '../components/dom.js';
import { ClassMenu } from './class_menu.js';
import { ENOUGH, button, say } from './session.js';
import { Recorder, recordingSettings } from './recorder.js';
import { SampleStrip } from './samples.js';

const INKS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8f6b3f', '#8a8f98'];

/**
 * What cards share.
 * @typedef {object} CardTools
 * @property {import('./session.js').TeachSession} session
 * @property {import('../components/camera.js').SharedCamera} camera
 * @property {import('./progress.js').Progress} progress
 * @property {import('./thumbnails.js').Thumbnails} thumbnails
 * @property {import('./thumbnails.js').Bubble} bubble
 * @property {(at: number, way?: string) => void} focus leads the keyboard to a class: to its menu, or its name
 */

export class ClassCard {
  /**
   * @param {CardTools} tools
   * @param {number} at its place among the classes
   */
  constructor(tools, at) {
    this.tools = tools;
    this.session = tools.session;
    this.at = at;
    /** @type {import('./session.js').TeachClass} */
    this.shown = { name: '', enabled: true, ids: [], copies: [] };
    /** @type {Record<string, number>} why pictures were not taken */
    this.skipped = {};
    this.name = this.nameField();
    this.off = make('span', { class: 'ft-off', text: say('left_out'), hidden: true });
    this.count = make('span', { class: 'ft-count' });
    this.alike = make('span', { class: 'ft-alike', title: say('alike_why') });
    this.place = make('div', { class: 'ft-place' });
    this.skippedLine = make('p', { class: 'ft-skipped', hidden: true });
    this.strip = new SampleStrip(tools, (id) => this.drop([id]));
    this.menu = new ClassMenu(this.actions());
    this.cam = button(say('webcam'), () => this.toggleCamera(), 'ft-cam');
    this.strip.node.addEventListener('emptied', () => this.cam.focus());
    this.node = this.lay();
  }

  lay() {
    const files = make('input', {
      type: 'file',
      accept: 'image/*',
      multiple: true,
      hidden: true,
      'aria-label': say('upload'),
    });
    files.addEventListener('change', () => {
      this.sendPictures([...(files.files ?? [])]);
      files.value = '';
    });
    this.up = button(say('upload'), () => files.click(), 'ft-up');
    const ink = make('i', { class: 'ft-ink', 'aria-hidden': 'true' });
    return make(
      'article',
      { class: 'ft-card ft-class' },
      make('header', {}, ink, this.name, this.off, this.menu.node),
      make('p', { class: 'ft-counts' }, this.count, this.alike),
      this.place,
      make('div', { class: 'ft-buttons' }, this.cam, this.up, files),
      this.skippedLine,
      this.strip.node,
    );
  }

  nameField() {
    const longest = this.session.given.longest;
    const field = make('input', {
      class: 'ft-name',
      type: 'text',
      maxlength: longest,
      'aria-label': say('name'),
      spellcheck: 'false',
    });
    field.addEventListener('change', async () => {
      const wanted = field.value.trim() && field.value !== this.shown.name;
      const answer = wanted ? await this.session.ask('rename', { at: this.at, name: field.value }) : { failed: true };
      if (answer.failed) field.value = this.shown.name;
    });
    field.addEventListener('keydown', (event) => event.key === 'Enter' && field.blur());
    return field;
  }

  /** What its menu offers. @returns {[string, () => void][]} */
  actions() {
    const { session, at } = this;
    const move = async (/** @type {number} */ to) => {
      if (to < 0 || to >= session.view.classes.length) return;
      await session.ask('move', { at, to });
      this.tools.focus(to, 'menu');
    };
    const remove = async () => {
      session.closeRecorder();
      await session.ask('remove', { at });
      this.tools.focus(Math.min(at, session.view.classes.length - 1));
    };
    return [
      ['disable', () => session.ask('enable', { at, on: !this.shown.enabled })],
      ['up', () => move(at - 1)],
      ['down', () => move(at + 1)],
      ['clear', () => this.drop(this.shown.ids)],
      ['remove', remove],
    ];
  }

  /**
   * Delete samples.
   * @param {number[]} ids
   */
  async drop(ids) {
    if (ids.length) await this.session.ask('delete', { ids });
  }

  // ---- what comes in

  /** @param {string} kind */
  skip(kind) {
    this.skipped[kind] = (this.skipped[kind] ?? 0) + 1;
    const parts = Object.entries(this.skipped).map(([name, n]) => say(`skipped_${name}`, n));
    this.skippedLine.replaceChildren(span(say('skipped')), ' ', ...commas(parts));
    this.skippedLine.hidden = false;
  }

  nothingSkipped() {
    this.skipped = {};
    this.skippedLine.hidden = true;
  }

  /** @param {{ id: number, crop: string, copy: boolean }[]} samples */
  add(samples) {
    for (const one of samples) {
      this.tools.thumbnails.crops.set(one.id, one.crop);
      this.shown.ids.push(one.id);
      if (one.copy) this.shown.copies.push(one.id);
    }
    this.session.view.total += samples.length;
    this.session.emit('count');
    this.draw();
  }

  /**
   * Ask for samples to be taken from a picture.
   * @param {string} what
   * @param {object} more
   */
  async take(what, more) {
    const answer = await this.session.ask(what, { at: this.at, several: this.session.option.several, ...more });
    if (answer.added) this.add(answer.added);
    else if (answer.skipped) this.skip(answer.skipped);
    return answer;
  }

  /** A number for samples that are taken in one go; null where there is none. */
  async burst() {
    const answer = await this.session.ask('burst');
    return answer.failed ? null : answer.burst;
  }

  /**
   * Pictures that were chosen together: one burst.
   * @param {File[]} files
   */
  async sendPictures(files) {
    const { session } = this;
    const { progress } = this.tools;
    this.nothingSkipped();
    const burst = await this.burst();
    for (const [at, file] of burst === null ? [] : files.entries()) {
      progress.show(say('adding', at + 1, files.length), (at + 1) / files.length);
      const path = await session.send(file);
      if (!path) continue;
      const answer = await this.take('picture', { path, burst });
      if (answer.failed) this.skip('unreadable');
      if (progress.cancelled || session.view.total >= session.view.most) break;
    }
    progress.hide();
    session.ask('look');
  }

  toggleCamera() {
    const { session } = this;
    const open = session.recorder?.owner === this;
    session.closeRecorder();
    if (open) return;
    this.nothingSkipped();
    const recorder = new Recorder(session, this.tools.camera, this.shown.name, {
      begin: () => this.burst(),
      frame: async (image, burst) => !(await this.take('frame', { image, burst })).failed,
      end: () => session.ask('look'),
      closed: () => this.cameraClosed(),
    });
    session.recorder = { close: () => recorder.close(), owner: this };
    this.node.classList.add('ft-open');
    this.nameButtons();
    this.place.replaceChildren(recorder.node, recordingSettings(session, recorder));
    recorder.open();
  }

  cameraClosed() {
    if (this.session.recorder?.owner === this) this.session.recorder = null;
    this.place.replaceChildren();
    this.node.classList.remove('ft-open');
    this.nameButtons();
  }

  // ---- how it looks

  /** @param {import('./session.js').TeachClass} one */
  show(one) {
    this.shown = one;
    if (document.activeElement !== this.name) this.name.value = one.name;
    this.node.classList.toggle('ft-disabled', !one.enabled);
    this.off.hidden = one.enabled;
    this.node.style.setProperty('--ft-ink', this.session.lesson?.colours[one.name] ?? INKS[this.at % INKS.length]);
    put(this.menu.items[0], say(one.enabled ? 'disable' : 'enable'));
    this.nameButtons();
    this.draw();
  }

  /** Buttons say what they do, and of which class. */
  nameButtons() {
    const { name } = this.shown;
    const open = this.session.recorder?.owner === this;
    put(this.cam, say(open ? 'close' : 'webcam'));
    window.faceOffLabel(
      this.cam,
      'aria-label',
      open ? phrase('{0}: {1}', say('close'), name) : say('webcam_own', name),
    );
    if (this.up) window.faceOffLabel(this.up, 'aria-label', say('upload_own', name));
  }

  draw() {
    const { ids, copies, enabled, name } = this.shown;
    const few = ids.length < ENOUGH && enabled;
    const counted = ids.length === 1 ? say('sample') : say('samples', ids.length);
    this.count.replaceChildren(span(counted), ...(few ? [' · ', span(say('few'))] : []));
    put(this.alike, copies.length ? say('alike', copies.length) : '');
    this.strip.show(ids, new Set(copies), name);
  }

  gone() {
    if (this.session.recorder?.owner === this) this.session.closeRecorder();
    this.node.remove();
  }
}
