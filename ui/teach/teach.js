// @ts-check
// The Teach tab. Called once with the component's element, see `tab.py`. Samples are the server's; the rest is this page's.
import { SharedCamera } from '../components/camera.js';
import { make, put } from '../components/dom.js';
import { ClassList } from './classes.js';
import { TeachSession, say } from './session.js';
import { noticeLine } from './notice.js';
import { Preview } from './preview.js';
import { Progress } from './progress.js';
import { ProjectTools } from './project_tools.js';
import { resultsSection } from './results.js';
import { Bubble, Thumbnails } from './thumbnails.js';
import { Training } from './training.js';

const LOOK_EVERY = 250; // milliseconds

window.faceOffTeach = (element, props, server, upload) => {
  const root = element.firstElementChild;
  if (!(root instanceof HTMLElement)) return;
  const session = new TeachSession(root, props, server, upload);
  const camera = new SharedCamera(async () => (await server.teach({ do: 'camera' }))?.words);
  const progress = new Progress(session);
  const bubble = new Bubble(session);
  const classes = new ClassList({ session, camera, progress, bubble, thumbnails: new Thumbnails(session) });
  const training = new Training(session, progress);
  const preview = new Preview(session, camera);
  const spoken = make('p', { class: 'ft-spoken', role: 'status', 'aria-live': 'polite' });

  const left = make('section', { class: 'ft-column', 'aria-label': say('classes') });
  left.append(new ProjectTools(session, progress, classes).node, ...classes.parts);
  const right = make('div', { class: 'ft-column' }, preview.node);
  const columns = make('div', { class: 'ft-columns' }, left, training.node, right);
  root.append(
    head(session),
    noticeLine(session),
    columns,
    resultsSection(session, { progress, camera }),
    bubble.node,
    spoken,
  );

  session.on('trained', (words) => {
    root.dataset.lessons = String(Number(root.dataset.lessons ?? 0) + 1);
    put(spoken, words);
  });
  closeWhenLeft(root, camera);
  whenSeen(root, () => session.ask('look').then(() => classes.inThisLanguage()));
};

/** @param {TeachSession} session */
function head(session) {
  const privacy = say(session.given.files ? 'privacy' : 'privacy_lesson');
  const words = make('div', {}, make('h2', { text: say('intro') }), make('p', { class: 'ft-hint', text: privacy }));
  return make('div', { class: 'ft-head' }, words);
}

/**
 * Leaving the tab, or the window, closes the camera.
 * @param {HTMLElement} root
 * @param {SharedCamera} camera
 */
function closeWhenLeft(root, camera) {
  setInterval(() => camera.users.size && !root.offsetParent && camera.closeAll(), LOOK_EVERY);
}

/**
 * A session is taken only by those who come here.
 * @param {HTMLElement} root
 * @param {() => void} then
 */
function whenSeen(root, then) {
  const looking = setInterval(() => {
    if (!root.offsetParent) return;
    clearInterval(looking);
    then();
  }, LOOK_EVERY);
}
