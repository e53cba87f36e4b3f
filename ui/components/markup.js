// @ts-check
// The only place where text becomes HTML. ESLint forbids innerHTML and the like everywhere else.

/**
 * Put HTML into an element: a template of the script's own without anything typed in it, or markup from the server,
 * whose `zoo.reports.markup` and `html.escape` have escaped what people type.
 * @param {Element} element
 * @param {string} markup
 */
export function putMarkup(element, markup) {
  element.innerHTML = markup; // eslint-disable-line no-restricted-syntax -- the one reviewed place
}
