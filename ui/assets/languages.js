// The page in the language that ?lang=, the menu or the browser asks for. `languages.py` says where sentences are kept.
//
// An element with data-i18n (its key; data-i18n-title, -aria-label, -placeholder, -alt for its attributes) shows what the
// chosen language has under that key, with the values of data-i18n-args at its places. A message is a text, which stays
// as typed, a number, or { key, args }. A key with places in it is its own template: only its numbers differ.
(() => {
  const given = window.faceOffLanguages;
  if (!given) return;
  const all = { en: given.en }, // the others are fetched when they are wanted
    names = given.names;
  const STORE = 'face-off-language',
    ATTRIBUTES = ['title', 'placeholder', 'aria-label', 'alt'],
    LABELS = 'data-i18n-labels';
  const KEYS = ['data-i18n', ...ATTRIBUTES.map((name) => `data-i18n-${name}`)];
  const ANY = KEYS.map((name) => `[${name}]`).join();
  const remembered = () => {
    try {
      return localStorage.getItem(STORE);
    } catch {
      return null;
    }
  };
  const remember = (code) => {
    try {
      localStorage.setItem(STORE, code);
    } catch {
      /* a private window: for this page only */
    }
  };
  let code = 'en',
    wanted = 'en',
    numbers = new Map();

  // ---- messages as text
  // A part of Python's format specifications: "", ".2f", "+.1f", ",", ".0%".
  function formatted(value, spec) {
    if (!numbers.has(spec)) {
      const [, sign, comma, digits, percent] = /^(\+?)(,?)(?:\.(\d+))?[df]?(%?)$/.exec(spec) ?? [];
      const exact =
        digits !== undefined || percent
          ? { minimumFractionDigits: Number(digits ?? 0), maximumFractionDigits: Number(digits ?? 0) }
          : { maximumFractionDigits: 20 };
      numbers.set(
        spec,
        new Intl.NumberFormat(code, {
          useGrouping: Boolean(comma),
          style: percent ? 'percent' : 'decimal',
          signDisplay: sign ? 'always' : 'auto',
          roundingMode: 'halfEven',
          ...exact,
        }),
      );
    }
    return numbers.get(spec).format(value);
  }
  const template = (key) => (key.includes('{') ? key : (all[code][key] ?? all.en[key]));
  // A message cut at its places: texts, and [which value, its text].
  function pieces({ key, args = [], text: fallback }) {
    const found = template(key);
    if (found === undefined) return [fallback ?? key];
    return found
      .split(/(\{\d+[^{}]*\})/)
      .filter(Boolean)
      .map((part) => {
        const [, at, spec = ''] = /^\{(\d+)(?::([^{}]*))?\}$/.exec(part) ?? [];
        if (at === undefined || args[at] === undefined) return part;
        return [Number(at), typeof args[at] === 'number' ? formatted(args[at], spec) : text(args[at])];
      });
  }
  function text(message) {
    if (message === null || message === undefined) return '';
    if (typeof message === 'number') return formatted(message, '');
    if (typeof message === 'string') return message;
    return pieces(message)
      .map((part) => (typeof part === 'string' ? part : part[1]))
      .join('');
  }

  // ---- elements
  function message(element, name) {
    const key = element.getAttribute(name);
    return key === null ? null : { key, args: JSON.parse(element.getAttribute(`${name}-args`) ?? '[]') };
  }
  function keep(element, name, { key, args = [] }) {
    const values = args.length ? JSON.stringify(args) : null;
    if (element.getAttribute(name) !== key) element.setAttribute(name, key);
    if (element.getAttribute(`${name}-args`) !== values)
      values === null ? element.removeAttribute(`${name}-args`) : element.setAttribute(`${name}-args`, values);
  }
  function forget(element, name) {
    if (element.hasAttribute(name)) {
      element.removeAttribute(name);
      element.removeAttribute(`${name}-args`);
    }
  }

  function render(element) {
    const said = message(element, 'data-i18n');
    if (said && template(said.key) !== undefined) {
      const place = element.getAttribute('data-i18n-em');
      if (place !== null) stress(element, said, Number(place));
      else {
        const shown = text(said);
        if (element.textContent !== shown) element.textContent = shown;
      }
    }
    for (const name of ATTRIBUTES) {
      const one = message(element, `data-i18n-${name}`);
      if (!one || template(one.key) === undefined) continue;
      const shown = text(one);
      if (element.getAttribute(name) !== shown) element.setAttribute(name, shown);
    }
  }
  // A sentence with one of its values in an <em>.
  function stress(element, said, place) {
    if (element.textContent === text(said) && element.querySelector('em')) return;
    element.replaceChildren(
      ...pieces(said).map((part) => {
        if (typeof part === 'string' || part[0] !== place) return typeof part === 'string' ? part : part[1];
        const em = document.createElement('em');
        em.textContent = part[1];
        em.translate = typeof said.args[place] !== 'string';
        return em;
      }),
    );
  }
  function renderAll(root) {
    if (root.matches?.(ANY)) render(root);
    for (const element of root.querySelectorAll?.(ANY) ?? []) render(element);
  }

  // For scripts: `put` shows a message in an element, `label` in an attribute of it; both follow the language.
  window.faceOffText = text;
  window.faceOffPut = (element, said, em = null) => {
    if (said && typeof said === 'object') {
      if (em === null) element.removeAttribute('data-i18n-em');
      else element.setAttribute('data-i18n-em', em);
      keep(element, 'data-i18n', said);
      if (template(said.key) === undefined) element.textContent = text(said);
      render(element);
    } else {
      forget(element, 'data-i18n');
      if (element.textContent !== (said ?? '')) element.textContent = said ?? '';
    }
  };
  window.faceOffLabel = (element, name, said) => {
    if (said && typeof said === 'object') keep(element, `data-i18n-${name}`, said);
    else forget(element, `data-i18n-${name}`);
    element.setAttribute(name, text(said));
  };

  // ---- Gradio's own components, which take no attributes: `components/labels.py` says by id which sentences they show
  const labels = new Map(),
    setters = new WeakMap();
  function texts(element) {
    const found = [],
      walker = element && document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker?.nextNode()) if (walker.currentNode.data.trim()) found.push(walker.currentNode);
    return found;
  }
  function writeNode(node, said) {
    const shown = said && text(said);
    if (node && said && node.data !== shown) node.data = shown;
  }
  const write = (element, said) => said && writeNode(texts(element)[0], said);
  // A choice box's text is a property, which no observer sees: it is replaced where Gradio sets it.
  function follow(input, options) {
    const plain = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
    const shown = (english) => (options[english] ? text(options[english]) : english);
    if (!setters.has(input)) {
      setters.set(input, plain.get.call(input));
      Object.defineProperty(input, 'value', {
        configurable: true,
        get: () => setters.get(input),
        set: (english) => {
          setters.set(input, String(english));
          plain.set.call(input, shown(english));
        },
      });
    }
    input.value = setters.get(input);
  }
  // One of a choice box's options: its English name is its label, until that is replaced.
  function offer(item, options) {
    const now = item.getAttribute('aria-label'),
      before = setters.get(item),
      english = before?.shown === now ? before.english : now;
    if (!options[english]) return;
    const shown = text(options[english]);
    setters.set(item, { english, shown });
    if (shown !== now) item.setAttribute('aria-label', shown);
    writeNode(texts(item).at(-1), options[english]);
  }
  function labelled(id) {
    const root = document.getElementById(id),
      { label, info, text: own, box, choices = {}, options } = labels.get(id);
    for (const tab of document.querySelectorAll(`[id="${id}-button"]`)) write(tab, own); // its page may not be laid out yet
    if (!root) return;
    write(
      root.querySelector(
        '[data-testid="block-info"], [data-testid="block-label"], label.checkbox-container .label-text',
      ) ?? (root.querySelector('input[type=checkbox]') ? root.querySelector('label span') : null),
      label,
    );
    write(root.querySelector('.info-text'), info);
    write(root.matches('button') ? root : root.querySelector(':scope > button.label-wrap > span'), own);
    if (box) texts(root.querySelector('button[aria-dropeffect] .wrap')).forEach((node, i) => writeNode(node, box[i]));
    for (const input of root.querySelectorAll('label > input'))
      write(input.nextElementSibling, choices[input.value] ?? choices[input.name]);
    if (options)
      for (const input of root.querySelectorAll('input[role=combobox]')) {
        follow(input, options);
        input.setAttribute('aria-label', text(label));
      }
    if (options) for (const item of root.querySelectorAll('li[role=option]')) offer(item, options);
  }
  function readLabels(root) {
    for (const element of [
      ...(root.matches?.(`[${LABELS}]`) ? [root] : []),
      ...(root.querySelectorAll?.(`[${LABELS}]`) ?? []),
    ]) {
      for (const [id, what] of Object.entries(JSON.parse(element.getAttribute(LABELS)))) labels.set(id, what);
    }
  }
  let due = false;
  function labelledSoon() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      for (const id of labels.keys()) labelled(id);
    });
  }

  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === 'attributes') render(target);
      else
        for (const node of addedNodes)
          if (node.nodeType === Node.ELEMENT_NODE) {
            readLabels(node);
            renderAll(node);
          }
    }
    labelledSoon();
    if (!document.querySelector('.fo-language')) menu();
  }).observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: [...KEYS, ...KEYS.map((name) => `${name}-args`)],
  });

  // ---- which language
  async function fetched(name) {
    const answer = await fetch(`${window.gradio_config?.root ?? ''}/${given.addresses[name]}`);
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }
  async function choose(next) {
    wanted = next;
    try {
      all[next] ??= await fetched(next);
    } catch {
      if (wanted === next) wanted = code; // no connection: the page stays as it is
    }
    const select = document.querySelector('.fo-language select');
    if (select) select.value = wanted;
    if (wanted === next) show(next); // another one may have been chosen meanwhile
    if (!document.querySelector('.fo-language')) menu();
  }
  function show(next) {
    code = next;
    numbers = new Map();
    document.documentElement.lang = code;
    renderAll(document.body);
    for (const id of labels.keys()) labelled(id);
    window.dispatchEvent(new CustomEvent('face-off-language', { detail: code }));
  }
  function first() {
    const asked = new URLSearchParams(location.search).get('lang');
    const wishes = [asked, remembered(), ...(navigator.languages ?? [navigator.language])];
    return (
      wishes
        .map(
          (one) =>
            String(one ?? '')
              .toLowerCase()
              .split(/[-_]/)[0],
        )
        .find((one) => Object.hasOwn(names, one)) ?? 'en'
    );
  }
  function menu() {
    const head = document.querySelector('.fo-head');
    if (!head || code !== wanted) return; // it comes with its language
    const label = document.createElement('label'),
      select = document.createElement('select');
    label.className = 'fo-language';
    label.append(select);
    window.faceOffLabel(select, 'aria-label', { key: 'language.menu' });
    for (const [name, words] of Object.entries(names)) select.add(new Option(words, name));
    for (const option of select.options) {
      option.lang = option.value;
      option.setAttribute('translate', 'no');
    }
    select.value = code;
    select.addEventListener('change', () => {
      const address = new URL(location.href);
      address.searchParams.set('lang', select.value);
      history.replaceState(history.state, '', address);
      remember(select.value);
      choose(select.value);
    });
    head.append(label);
  }
  readLabels(document.body);
  choose(first());
})();
