// @ts-check
// A part of the page over the whole screen.

/**
 * In the browser's own full screen, or, where it has none for this (iPhones), over the whole window.
 * @param {HTMLElement} part
 * @param {() => void} changed
 */
export function fullScreen(part, changed) {
  const is = () => document.fullscreenElement === part || part.classList.contains('fo-filled');
  const fill = (/** @type {boolean} */ on) => {
    part.classList.toggle('fo-filled', on);
    changed();
  };
  async function enter() {
    try {
      await part.requestFullscreen();
    } catch {
      fill(true);
    }
  }
  function leave() {
    if (document.fullscreenElement === part) document.exitFullscreen().catch(() => {});
    if (part.classList.contains('fo-filled')) fill(false);
  }
  document.addEventListener('fullscreenchange', changed);
  document.addEventListener(
    'keydown',
    (event) => event.key === 'Escape' && part.classList.contains('fo-filled') && fill(false),
  );
  return { is, leave, toggle: () => (is() ? leave() : enter()) };
}
