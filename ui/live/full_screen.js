// A part of the page over the whole screen: the browser's own way, or, where it has none for this (iPhones), the whole window.
export function fullScreen(part, changed) {
  const is = () => document.fullscreenElement === part || part.classList.contains('fo-filled');
  const fill = (on) => {
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
