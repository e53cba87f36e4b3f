// @ts-check
// Sentences of the lesson as messages, which `languages.js` shows in the page's language, and small elements for them.

/**
 * @param {string} name what follows `lesson.` in the dictionaries
 * @param {...Sentence} args
 * @returns {Message}
 */
export const say = (name, ...args) => ({ key: `lesson.${name}`, args });

/**
 * @param {string} label
 * @returns {Message}
 */
export const named = (label) => ({ key: `label.${label}`, args: [], text: label });

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Sentence | null} message
 * @param {string} [css] class names
 * @returns {HTMLElementTagNameMap[T]}
 */
export function made(tag, message, css = '') {
  const element = document.createElement(tag);
  if (css) element.className = css;
  if (message !== null) window.faceOffPut(element, message);
  return element;
}
