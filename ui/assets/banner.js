// @ts-check
// The note at the top is open until it has been read once: on this computer, or in a lesson by this visit.
{
  const note = /** @type {HTMLDetailsElement} */ (element.querySelector('.fo-banner details'));
  const READ = 'face-off-note-read';
  try {
    const kept = note.dataset.until === 'visit' ? sessionStorage : localStorage;
    note.open = kept.getItem(READ) === null;
    kept.setItem(READ, 'yes');
  } catch {
    // a private window: the note stays open
  }
}
