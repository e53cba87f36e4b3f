// @ts-check
// A result to keep: the card of a face, or the annotated picture, drawn in the browser; copied, saved, blurred or not.
import { putMarkup } from '../components/markup.js';
import { annotatedPicture } from './annotated_picture.js';
import { resultCard } from './result_card.js';

/** @type {{ dialog: HTMLDialogElement, draw: (blurred: boolean) => HTMLCanvasElement, name: string } | null} */
let open = null;
const look = new MutationObserver(() => show());

document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element ? target.closest('button[data-keep]') : null;
  if (!(button instanceof HTMLElement)) return;
  if (button.dataset.keep === 'picture') return picture(button);
  const card = /** @type {HTMLElement} */ (button.closest('.fo-card'));
  /** @type {HTMLElement | null} */ (card.querySelector('[data-mattered]'))?.click(); // it belongs on the card
  begin(card, `face-off-${button.dataset.keep}.png`, (blurred) => resultCard(card, blurred));
});

/** @param {HTMLElement} button */
function picture(button) {
  const photo = /** @type {HTMLElement} */ (button.closest('.fo-photo'));
  begin(photo, 'face-off-picture.png', (blurred) => annotatedPicture(photo, blurred));
}

/** @type {(part: HTMLElement, name: string, draw: (blurred: boolean) => HTMLCanvasElement) => void} */
function begin(part, name, draw) {
  const dialog = made();
  open = { dialog, draw, name };
  look.disconnect();
  look.observe(part, { subtree: true, childList: true }); // what mattered comes later
  show();
  dialog.showModal();
}

function made() {
  const dialog = document.createElement('dialog');
  dialog.className = 'fo-keep';
  putMarkup(
    dialog,
    `<div class="fo-keep-sheet"></div>
    <label><input type="checkbox"> <span data-i18n="keep.blur"></span></label>
    <p class="fo-keep-buttons"><button type="button" value="copy" data-i18n="keep.copy"></button>
    <button type="button" value="save" data-i18n="keep.save"></button>
    <button type="button" value="close" data-i18n="keep.close"></button> <span role="status"></span></p>`,
  );
  window.faceOffLabel(dialog, 'aria-label', { key: 'keep.title' });
  (document.querySelector('.gradio-container') ?? document.body).append(dialog);
  dialog.addEventListener('change', show);
  dialog.addEventListener('close', () => {
    look.disconnect();
    dialog.remove();
    open = null;
  });
  dialog.addEventListener('click', ({ target }) => {
    if (target instanceof HTMLButtonElement) void done(target.value);
  });
  const copy = /** @type {HTMLButtonElement} */ (dialog.querySelector('[value=copy]'));
  copy.hidden = !navigator.clipboard?.write || !window.ClipboardItem; // only on https and on this computer
  return dialog;
}

function show() {
  if (!open) return;
  const { dialog, draw } = open;
  const blurred = /** @type {HTMLInputElement} */ (dialog.querySelector('input')).checked;
  const sheet = draw(blurred);
  sheet.setAttribute('role', 'img');
  window.faceOffLabel(sheet, 'aria-label', { key: 'keep.title' });
  dialog.querySelector('.fo-keep-sheet')?.replaceChildren(sheet);
  window.faceOffPut(/** @type {Element} */ (dialog.querySelector('[role=status]')), '');
}

/** @param {string} what */
async function done(what) {
  if (!open) return;
  const { dialog, name } = open;
  if (what === 'close') return dialog.close();
  const sheet = /** @type {HTMLCanvasElement} */ (dialog.querySelector('canvas'));
  /** @type {Promise<Blob>} */
  const drawn = new Promise((take) => sheet.toBlob((blob) => blob && take(blob), 'image/png'));
  const status = /** @type {Element} */ (dialog.querySelector('[role=status]'));
  try {
    // eslint-disable-next-line no-restricted-syntax -- the clipboard's write, not the document's
    if (what === 'copy') await navigator.clipboard.write([new ClipboardItem({ 'image/png': drawn })]);
    else save(await drawn, name);
    window.faceOffPut(status, what === 'copy' ? { key: 'keep.copied' } : { key: 'keep.saved' });
  } catch {
    window.faceOffPut(status, { key: 'keep.refused' });
  }
}

/** @type {(blob: Blob, name: string) => void} */
function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
