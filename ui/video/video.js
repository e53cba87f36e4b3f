// The Video tab: Stop stands in Annotate's place while a clip is worked on; the result plays, and its charts lead into it.
const film = () => document.querySelector('#fv-video video');
const still = matchMedia('(prefers-reduced-motion: reduce)');
const way = () => (still.matches ? 'auto' : 'smooth');
const narrow = () => window.innerWidth <= 1000; // what was found then lies below the controls

// ---- Annotate and Stop
window.addEventListener('face-off-video', ({ detail: begins }) => {
  const [start, stop] = ['fv-start', 'fv-stop'].map((id) => document.getElementById(id));
  const had = document.activeElement === start || document.activeElement === stop;
  start.closest('.fv-buttons').dataset.working = begins ? 'yes' : 'no';
  if (had) (begins ? stop : start).focus({ preventScroll: true });
  if (begins && narrow()) element.scrollIntoView({ behavior: way(), block: 'start' });
});
watch('value', () => {
  if (!narrow() || !element.querySelector('.fo-results')) return;
  (film() ?? element).scrollIntoView({ behavior: way(), block: 'start' });
});

// ---- a line in every chart where the clip is
function mark() {
  const now = film()?.currentTime;
  for (const rows of element.querySelectorAll('.ft-rows[data-seconds]')) {
    const chart = rows.querySelector('.ft-chart');
    const line = rows.querySelector('.ft-now') ?? rows.appendChild(document.createElement('i'));
    const place = chart.getBoundingClientRect();
    line.className = 'ft-now';
    line.hidden = now === undefined;
    line.style.left = `${place.left - rows.getBoundingClientRect().left + place.width * Math.min(1, now / rows.dataset.seconds)}px`;
  }
}
function follow() {
  mark();
  const video = film();
  if (video && !video.paused) requestAnimationFrame(follow);
}
const ofFilm = (work) => (event) => event.target === film() && work(event.target);
document.addEventListener('play', ofFilm(follow), true);
for (const name of ['seeked', 'timeupdate', 'loadeddata']) document.addEventListener(name, ofFilm(mark), true);
// It plays by itself, but not for those who ask for less motion.
let fresh = false;
document.addEventListener(
  'loadstart',
  ofFilm(() => (fresh = true)),
  true,
);
document.addEventListener(
  'playing',
  ofFilm((video) => {
    if (fresh && still.matches) video.pause();
    fresh = false;
  }),
  true,
);
window.addEventListener('resize', mark);

// ---- a place in a chart, or a moment, is shown in the clip
function seek(seconds, stay) {
  const video = film();
  if (!video) return;
  video.currentTime = Math.max(0, Math.min(seconds, (video.duration || seconds) - 0.001));
  if (stay) video.pause();
  video.scrollIntoView({ behavior: way(), block: 'nearest' });
}
element.addEventListener('click', (event) => {
  const moment = event.target.closest('button[data-time]');
  if (moment) return seek(Number(moment.dataset.time), true);
  const chart = event.target.closest('.ft-chart');
  if (!chart) return;
  const { left, width } = chart.getBoundingClientRect();
  seek((Number(chart.closest('.ft-rows').dataset.seconds) * (event.clientX - left)) / width, false);
});
