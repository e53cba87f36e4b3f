// @ts-check
// The Video tab: Stop stands in Annotate's place while a clip is worked on; the result plays, and its charts lead into it.
{
  const clip = () => /** @type {HTMLVideoElement | null} */ (document.querySelector('#fv-video video'));
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const way = () => (still.matches ? 'auto' : 'smooth');
  const narrow = () => window.innerWidth <= 1000; // what was found then lies below the controls

  // ---- Annotate and Stop
  window.addEventListener('face-off-video', (event) => {
    const begins = /** @type {CustomEvent<boolean>} */ (event).detail;
    const start = /** @type {HTMLElement} */ (document.getElementById('fv-start'));
    const stop = /** @type {HTMLElement} */ (document.getElementById('fv-stop'));
    const had = document.activeElement === start || document.activeElement === stop;
    /** @type {HTMLElement} */ (start.closest('.fv-buttons')).dataset.working = begins ? 'yes' : 'no';
    if (had) (begins ? stop : start).focus({ preventScroll: true });
    if (begins && narrow()) element.scrollIntoView({ behavior: way(), block: 'start' });
  });
  watch('value', () => {
    if (!narrow() || !element.querySelector('.fo-results')) return;
    (clip() ?? element).scrollIntoView({ behavior: way(), block: 'start' });
  });

  // ---- a line in every chart where the clip is
  function mark() {
    const now = clip()?.currentTime;
    for (const rows of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll('.ft-rows[data-seconds]'))) {
      const chart = /** @type {Element} */ (rows.querySelector('.ft-chart'));
      const known = /** @type {HTMLElement | null} */ (rows.querySelector('.ft-now'));
      const line = known ?? rows.appendChild(document.createElement('i'));
      const place = chart.getBoundingClientRect();
      line.className = 'ft-now';
      line.hidden = now === undefined;
      const part = Math.min(1, (now ?? 0) / Number(rows.dataset.seconds));
      line.style.left = `${place.left - rows.getBoundingClientRect().left + place.width * part}px`;
    }
  }
  function follow() {
    mark();
    const video = clip();
    if (!video || video.paused) return;
    if (video.checkVisibility()) requestAnimationFrame(follow);
    else rest(video);
  }
  /** Behind another tab the clip stands still until it is back in view. @param {HTMLVideoElement} video */
  function rest(video) {
    video.pause();
    const back = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      back.disconnect();
      void video.play();
    });
    back.observe(video);
  }
  /** @type {(work: (video: HTMLVideoElement) => void) => (event: Event) => void} */
  const ofClip = (work) => (event) => {
    const video = clip();
    if (video && event.target === video) work(video);
  };
  document.addEventListener('play', ofClip(follow), true);
  for (const name of ['seeked', 'timeupdate', 'loadeddata']) document.addEventListener(name, ofClip(mark), true);
  // It plays by itself, but not for those who ask for less motion.
  let fresh = false;
  document.addEventListener(
    'loadstart',
    ofClip(() => {
      fresh = true;
    }),
    true,
  );
  document.addEventListener(
    'playing',
    ofClip((video) => {
      if (fresh && still.matches) video.pause();
      fresh = false;
    }),
    true,
  );
  window.addEventListener('resize', mark);

  // ---- a place in a chart, or a moment, is shown in the clip
  /** @type {(seconds: number, stay: boolean) => void} */
  function seek(seconds, stay) {
    const video = clip();
    if (!video) return;
    video.currentTime = Math.max(0, Math.min(seconds, (video.duration || seconds) - 0.001));
    if (stay) video.pause();
    video.scrollIntoView({ behavior: way(), block: 'nearest' });
  }
  element.addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return;
    const moment = event.target.closest('button[data-time]');
    if (moment instanceof HTMLElement) return seek(Number(moment.dataset.time), true);
    const chart = event.target.closest('.ft-chart');
    if (!chart) return;
    const { left, width } = chart.getBoundingClientRect();
    const rows = /** @type {HTMLElement} */ (chart.closest('.ft-rows'));
    seek((Number(rows.dataset.seconds) * (event.clientX - left)) / width, false);
  });
}
