// @ts-check
// A file dropped or pasted anywhere goes into the box of the open tab. Without this, a browser opens a file that is
// dropped beside the box in place of the page, and Ctrl+V does nothing.

const WAIT = 20_000; // milliseconds until a box takes another file; it cannot be emptied while one is on its way
const BOXES = [
  { box: '#fo-picture', takes: /^image\// },
  { box: '#fv-file', takes: /^video\/|^image\/gif$/ },
];

/** Listen on the document. What a box or a class card takes itself is left to it. */
export function takeFilesAnywhere() {
  document.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  document.addEventListener('paste', (event) => {
    const typing =
      event.target instanceof Element &&
      event.target.closest('textarea, input:not([type=checkbox], [type=radio], [type=file], [type=button])');
    if (event.defaultPrevented || typing || !event.clipboardData) return;
    if (take(event.clipboardData.files)) event.preventDefault();
  });
}

/**
 * Put the first file into the box on the open tab that takes its kind.
 * @param {FileList} files
 * @returns {boolean} whether there is one
 */
function take(files) {
  const file = files[0];
  for (const { box, takes } of BOXES) {
    const shown = document.querySelector(box);
    if (file && takes.test(file.type) && shown?.checkVisibility()) {
      void fill(shown, file);
      return true;
    }
  }
  return false;
}

/**
 * Empty a box, if something is in it, and put a file into it.
 * @param {Element} box
 * @param {File} file
 */
async function fill(box, file) {
  const chosen = () => /** @type {HTMLInputElement | null} */ (box.querySelector('input[type=file]'));
  for (const began = performance.now(); !chosen() && performance.now() - began < WAIT;) {
    empty(box);
    await frame();
  }
  const input = chosen();
  if (!input) return;
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

/** @param {Element} box */
function empty(box) {
  const names = ['Remove Image', 'Clear', 'Remove this file', 'Upload file']; // Gradio's, in English in every language
  for (const name of names) /** @type {HTMLElement | null} */ (box.querySelector(`[aria-label="${name}"]`))?.click();
}

const frame = () => new Promise((done) => setTimeout(done, 50));
