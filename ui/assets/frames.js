// @ts-check
// Gradio takes its loading sign off the page with the sign's clock running: the clock would ask for 60 frames a second
// for as long as the page is open, a tenth of a laptop's core. Here it ends with its sign. Gradio's own module keeps
// this function; all others have the browser's again once the sign is gone.
(() => {
  const ask = window.requestAnimationFrame.bind(window);
  const sign = () => document.querySelector('[data-testid="status-tracker"]');
  const isClock = (/** @type {FrameRequestCallback} */ work) => String(work).includes('performance.now');
  /** @type {Element | null} the sign whose clock is running just now */
  let running = null;
  let loading = true;

  window.requestAnimationFrame = (work) => {
    const own = running ?? (loading && isClock(work) ? sign() : null);
    if (!own || !isClock(work)) return ask(work);
    if (!own.isConnected) {
      if (loading) window.requestAnimationFrame = ask;
      loading = false;
      return 0;
    }
    return ask((now) => {
      running = own;
      try {
        work(now);
      } finally {
        running = null;
      }
    });
  };
})();
