// @ts-check
// Calls of the server. It keeps nothing for a session without an open event stream. Gradio opens one and never again
// when it breaks off; so where an answer says so, one is opened that the browser keeps, and a refused call is made again.
(() => {
  /** @type {EventSource | null} */
  let stream = null;
  /** @type {(session: string) => Promise<void>} */
  const open = (session) =>
    new Promise((done) => {
      const { root = '', api_prefix: prefix = '/gradio_api' } = window.gradio_config ?? {};
      if (!stream || stream.readyState === EventSource.CLOSED)
        stream = new EventSource(`${root}${prefix}/heartbeat/${session}`);
      if (stream.readyState === EventSource.OPEN) return done();
      stream.addEventListener('open', () => done(), { once: true });
      setTimeout(done, 3000);
    });
  window.faceOffCalls = (server) =>
    new Proxy(/** @type {Server} */ ({}), {
      get: (_, /** @type {string} */ name) => async (/** @type {object} */ value) => {
        const answer = await server[name](value);
        if (!answer?.reopen) return answer;
        await open(answer.reopen);
        return answer.failed ? server[name](value) : answer;
      },
    });
})();
