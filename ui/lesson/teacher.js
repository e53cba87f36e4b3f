// @ts-check
// The teacher's panel: the camera's switch, a new group, the view for the projector. The server compares the code.
import { putMarkup } from '../components/markup.js';
import { say } from './messages.js';
import { printOnly } from './paper.js';
import { Present } from './present.js';

export const TEACHER = `
  <details class="fl-teacher fo-card"><summary data-i18n="lesson.teacher"></summary>
    <div class="fl-desk"><p data-i18n="lesson.teacher_how"></p>
    <p class="fl-buttons"><button type="button" class="fl-off" data-i18n="lesson.off"></button></p>
    <form><label><span data-i18n="lesson.code"></span> <input type="password" autocomplete="off" maxlength="12"></label>
      <button type="submit" class="fl-unlock" data-i18n="lesson.unlock"></button></form>
    <div class="fl-open" hidden><p class="fl-buttons">
      <button type="button" class="fl-main fl-show" data-i18n="lesson.present"></button>
      <button type="button" class="fl-group-new" data-i18n="lesson.group"></button>
      <button type="button" class="fl-on" data-i18n="lesson.on"></button></p>
      <p data-i18n="lesson.present_how"></p>
      <details class="fl-key"><summary data-i18n="lesson.key"></summary><p class="fl-buttons">
        <button type="button" class="fl-key-print" data-i18n="lesson.key_print"></button>
        <button type="button" class="fl-unplugged-print" data-i18n="lesson.unplugged_print"></button></p>
        <div class="fl-sheet fl-key-sheet"></div></details></div>
    <p class="fl-state"></p><p class="fl-done" role="status"></p><p class="fl-wrong" role="alert" hidden></p></div></details>`;

export class Teacher {
  code = '';
  unplugged = '';

  /**
   * @param {HTMLDetailsElement} root laid out as `TEACHER`
   * @param {HTMLElement} page where the view for the projector goes
   * @param {import('./bars.js').Props} props
   * @param {Server} server
   */
  constructor(root, page, props, server) {
    this.root = root;
    this.page = page;
    this.server = server;
    this.present = new Present(page, props, async () => (await server.boards({ code: this.code }))?.boards);
    this.find('form').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.unlock();
    });
    this.find('.fl-off').addEventListener('click', () => this.turn({ on: false })); // by anybody, without a code
    this.find('.fl-on').addEventListener('click', () => this.turn({ on: true, code: this.code }));
    this.find('.fl-group-new').addEventListener('click', () => this.newGroup());
    this.find('.fl-show').addEventListener('click', () => this.present.open());
    this.find('.fl-key-print').addEventListener('click', () => printOnly(this.find('.fl-key-sheet').innerHTML));
    this.find('.fl-unplugged-print').addEventListener('click', () => printOnly(this.unplugged));
    root.addEventListener('toggle', () => root.open && this.turn({}));
  }

  /**
   * @param {string} selector
   * @returns {any} an element of this script's own markup
   */
  find(selector) {
    return this.root.querySelector(selector);
  }

  /** With the right code the other buttons appear; it stays in this script until the page is left. */
  async unlock() {
    const input = this.find('input'),
      code = input.value,
      answer = await this.server.boards({ code, sheets: true });
    input.value = '';
    this.tell(answer?.boards ? '' : (answer?.words ?? say('lost')), answer?.boards ? say('unlocked') : '');
    if (!answer?.boards) return;
    this.code = code;
    this.present.last = answer.boards;
    this.unplugged = answer.unplugged;
    putMarkup(this.find('.fl-key-sheet'), answer.sheet);
    this.find('form').hidden = true;
    this.find('.fl-open').hidden = false;
    this.find('.fl-show').focus();
  }

  async newGroup() {
    const answer = await this.server.new_group({ code: this.code });
    this.tell(answer?.done ? '' : (answer?.words ?? say('lost')), answer?.done ? answer.words : '');
  }

  /** @param {{ on?: boolean, code?: string }} wish */
  async turn(wish) {
    const answer = await this.server.camera(wish);
    window.faceOffPut(this.find('.fl-state'), answer?.state ?? say('lost'));
    this.tell(answer?.words ?? '');
    this.page.dataset.camera = answer?.on ? 'on' : 'off';
  }

  /**
   * @param {Sentence} wrong
   * @param {Sentence} done
   */
  tell(wrong, done = '') {
    window.faceOffPut(this.find('.fl-done'), done);
    window.faceOffPut(this.find('.fl-wrong'), wrong);
    this.find('.fl-wrong').hidden = !wrong;
  }
}
