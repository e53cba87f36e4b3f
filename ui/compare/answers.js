// @ts-check
// What the answer on the page says, read from it: in the page's language, and nothing that is not shown.

/**
 * @typedef {{ label: string, share: string, part: number, ink: string, best: boolean }} Bar
 * @typedef {{ title: string, says: string, bars: Bar[] }} Answer
 */

/**
 * @param {ParentNode} root
 * @param {string} selector
 */
const textOf = (root, selector) => (root.querySelector(selector)?.textContent ?? '').replace(/\s+/g, ' ').trim();

/**
 * A model's title without its family.
 * @param {Element} answer
 */
function titleOf(answer) {
  const parts = [...(answer.querySelector('h3')?.childNodes ?? [])].filter((node) => node.nodeName !== 'SMALL');
  return parts
    .map((node) => node.textContent ?? '')
    .join('')
    .trim();
}

/**
 * Each model's answer on a face's card.
 * @param {Element} card
 * @returns {Answer[]}
 */
export function answersOn(card) {
  return [...card.querySelectorAll('.fo-face .fo-answer')].map((one) => ({
    title: titleOf(one),
    says: textOf(one, '.fo-says'),
    bars: [...one.querySelectorAll('.fo-bar')].map((bar) => {
      const fill = /** @type {HTMLElement | null} */ (bar.querySelector('.fo-track i'));
      return {
        label: (bar.firstElementChild?.textContent ?? '').trim(),
        share: textOf(bar, '.fo-share'),
        part: parseFloat(fill?.style.width ?? '0') / 100,
        ink: fill?.style.backgroundColor ?? '',
        best: bar.classList.contains('fo-best'),
      };
    }),
  }));
}

/**
 * What mattered to each model, if it was asked.
 * @param {Element} card
 * @returns {{ image: HTMLImageElement, lines: string[] }[]}
 */
export function matteredOn(card) {
  return [...card.querySelectorAll('.fo-hold figure')].flatMap((figure) => {
    const image = figure.querySelector('img');
    const parts = [...(figure.querySelector('figcaption')?.children ?? [])];
    return image ? [{ image, lines: parts.map((part) => (part.textContent ?? '').trim()).filter(Boolean) }] : [];
  });
}
