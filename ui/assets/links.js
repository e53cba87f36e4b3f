// @ts-check
// Links into the page: ?tab=compare&example=mouth-open&models=cnn,hog-svm. What is not known is ignored.
// The address and the title follow the tab, so that a reload, a bookmark or a copied address leads back to it.
(() => {
  const TAB = /^fo-tab-(\w+)-button$/;
  const tabs = () =>
    /** @type {HTMLElement[]} */ ([...document.querySelectorAll('#fo-tabs [role=tab]')]).filter((one) =>
      TAB.test(one.id),
    );
  const nameOf = (/** @type {Element | undefined} */ tab) => TAB.exec(tab?.id ?? '')?.[1] ?? '';
  const current = () => nameOf(tabs().find((one) => one.getAttribute('aria-selected') === 'true'));
  let shown = '';
  /** @type {{ example: string, models: string } | null} */
  let wanted = null;

  /**
   * @param {Record<string, string | null>} values null takes one out
   */
  function keep(values) {
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(values)) {
      if (value === null) address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }
    // Commas are allowed in an address, and easier to read than %2C.
    const text = address.href.replaceAll('%2C', ',');
    if (text !== location.href) history.replaceState(history.state, '', text);
  }

  function title() {
    const name = current();
    document.title = name ? `${window.faceOffText({ key: `tab.${name}` })} · Face-off` : 'Face-off';
  }

  function follow() {
    const name = current();
    if (!name || name === shown) return;
    if (shown) keep({ tab: name });
    shown = name;
    title();
  }

  // ---- what an address asks for

  /** @param {string} name of a tab; false if there is none of that name */
  function open(name) {
    const tab = tabs().find((one) => nameOf(one) === name && one.offsetParent);
    tab?.click();
    return Boolean(tab);
  }

  function choose() {
    const buttons = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('#fo-examples button[data-name]')]);
    if (!wanted || !buttons.length) return;
    const { example, models } = wanted;
    wanted = null;
    tick(models.split(','));
    buttons.find((one) => one.dataset.name === example)?.click();
  }

  const boxes = () => /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('#fo-models input')]);
  const model = (/** @type {HTMLInputElement} */ box) => (box.value && box.value !== 'on' ? box.value : box.name);

  /** @param {string[]} names of models; unless at least one of them is known, the choice stays */
  function tick(names) {
    if (!boxes().some((box) => names.includes(model(box)))) return;
    for (const box of boxes()) if (box.checked !== names.includes(model(box))) box.click();
  }

  /**
   * Open a tab, and there an example and models.
   * @param {{ tab?: string | null, example?: string | null, models?: string | null }} wish
   */
  window.faceOffOpen = ({ tab, example, models }) => {
    if (example || models) wanted = { example: example ?? '', models: models ?? '' };
    if (tab ? !open(tab) : Boolean(example) && !open('compare')) return;
    if (ready) choose();
  };
  let ready = false;
  window.addEventListener('face-off-examples', () => {
    ready = true;
    choose();
  });

  // ---- the address follows what is chosen

  document.addEventListener('click', (event) => {
    const example = /** @type {Element} */ (event.target).closest?.('#fo-examples button[data-name]');
    if (example instanceof HTMLElement) keep({ example: example.dataset.name ?? null });
  });
  document.addEventListener('change', (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest?.('#fo-picture')) keep({ example: null });
    const chosen = boxes().filter((box) => box.checked);
    if (target.closest?.('#fo-models') && event.isTrusted) keep({ models: chosen.map(model).join(',') || null });
  });

  // ---- once the tabs are there
  function begin() {
    const asked = new URLSearchParams(location.search),
      [tab, example, models] = ['tab', 'example', 'models'].map((name) => asked.get(name));
    shown = current();
    title();
    window.faceOffOpen({ tab: tabs().some((one) => nameOf(one) === tab) ? tab : null, example, models });
    follow();
    new MutationObserver(follow).observe(/** @type {Element} */ (document.querySelector('#fo-tabs')), {
      subtree: true,
      attributeFilter: ['aria-selected'],
    });
    window.addEventListener('face-off-language', title);
  }
  // Gradio's is the one of the host's root, which below a root path is another app's.
  const manifest = document.querySelector('link[rel=manifest]');
  if (manifest instanceof HTMLLinkElement) manifest.href = 'manifest.json';

  const waiting = new MutationObserver(() => {
    if (!current()) return;
    waiting.disconnect();
    begin();
  });
  waiting.observe(document.body, { subtree: true, childList: true });
})();
