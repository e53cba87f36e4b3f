// @ts-check
// What training gave: splits, classes, confusions, curves. The server draws them.
import { make } from '../components/dom.js';
import { putMarkup } from '../components/markup.js';
import { button, say } from './session.js';
import { Experiments } from './experiments.js';

/**
 * @param {import('./session.js').TeachSession} session
 * @param {{ progress: import('./progress.js').Progress, camera: import('../components/camera.js').SharedCamera }} tools
 */
export function resultsSection(session, tools) {
  const hood = make('div', { class: 'ft-hood' });
  const growth = make('div', { class: 'ft-growth' });
  const grow = button(say('grow_button'), async () => {
    grow.disabled = true;
    await tools.progress.during(say('grow'), () => session.ask('grow'));
    grow.disabled = false;
  });
  const more = make('section', { class: 'ft-panel ft-more' });
  more.append(make('header', {}, make('h4', { text: say('grow') }), grow), growth);
  const under = make('section', { class: 'ft-card' }, make('h3', { text: say('hood_title') }), hood, more);
  const experiments = new Experiments(session, tools.camera);
  const node = make('div', { class: 'ft-results', hidden: true }, under, experiments.node);
  window.faceOffCharts(hood);

  session.on('growth', (markup) => putMarkup(growth, markup));
  session.on('lesson', (answer) => {
    node.hidden = !session.lesson;
    putMarkup(hood, answer.hood ?? '');
    putMarkup(growth, answer.growth ?? '');
  });
  return node;
}
