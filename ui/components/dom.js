// @ts-check
// Elements and sentences, as the scripts of the tabs make them.

const LABELLED = ['title', 'aria-label', 'alt', 'placeholder'];

/**
 * A sentence by its key in `ui/languages/`, shown in the page's language, and again when another is chosen.
 * @param {string} key
 * @param {...Sentence} args
 * @returns {Message}
 */
export function phrase(key, ...args) {
  return { key, args };
}

/**
 * `phrase` for one tab, whose keys begin with its name.
 * @param {string} tab
 * @returns {(name: string, ...args: Sentence[]) => Message}
 */
export function phrasesOf(tab) {
  return (name, ...args) => phrase(`${tab}.${name}`, ...args);
}

/**
 * Show a sentence in an element, or nothing.
 * @param {Element} element
 * @param {Sentence | null} [message]
 * @param {number} [place] which of the sentence's values is stressed
 */
export function put(element, message = '', place) {
  window.faceOffPut(element, message, place);
}

/**
 * Make an element. An option `text` is a sentence in it, `on…` a listener; everything else is an attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, any>} [options]
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(name, options = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'text') put(node, value);
    else if (LABELLED.includes(key) && typeof value === 'object') window.faceOffLabel(node, key, value);
    else if (value === true) node.setAttribute(key, '');
    else if (value !== false && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * A sentence in an element of its own, to stand beside others.
 * @param {Sentence} message
 */
export function span(message) {
  return make('span', { text: message });
}

/**
 * Sentences side by side, with commas between them.
 * @param {Sentence[]} messages
 */
export function commas(messages) {
  return messages.flatMap((one, at) => (at ? [', ', span(one)] : [span(one)]));
}

/**
 * Offer a file.
 * @param {Blob} content
 * @param {string} name
 */
export function download(content, name) {
  const link = make('a', { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
