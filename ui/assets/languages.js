// @ts-check
// The page in the language that ?lang=, the menu or the browser asks for. `languages.py` says where sentences are kept.
//
// An element with data-i18n (its key; data-i18n-title, -aria-label, -placeholder, -alt for its attributes) shows what the
// chosen language has under that key, with the values of data-i18n-args at its places. A message is a text, which stays
// as typed, a number, or { key, args }. A key with places in it is its own template: only its numbers differ.
(() => {
  const given = window.faceOffLanguages;
  if (!given) return;
  const { names, addresses } = given;
  /** @type {Record<string, Record<string, string>>} sentences by language; the others are fetched when needed */
  const all = { en: given.en };
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
  const remember = (/** @type {string} */ name) => {
    try {
      localStorage.setItem(STORE, name);
    } catch {
      /* a private window: for this page only */
    }
  };
  let code = 'en';
  let wanted = 'en';
  /** @type {Map<string, Intl.NumberFormat>} by format specification, in the page's language */
  let numbers = new Map();

  // ---- messages as text
  /**
   * A part of Python's format specifications: "", ".2f", "+.1f", ",", ".0%".
   * @param {number} value
   * @param {string} spec
   */
  function formatted(value, spec) {
    const known = numbers.get(spec) ?? numberFormat(spec);
    numbers.set(spec, known);
    return known.format(value);
  }
  /** @param {string} spec */
  function numberFormat(spec) {
    const [, sign, comma, digits, percent] = /^(\+?)(,?)(?:\.(\d+))?[df]?(%?)$/.exec(spec) ?? [];
    const exact = digits !== undefined || percent;
    const decimals = Number(digits ?? 0);
    return new Intl.NumberFormat(code, {
      useGrouping: Boolean(comma),
      style: percent ? 'percent' : 'decimal',
      signDisplay: sign ? 'always' : 'auto',
      roundingMode: 'halfEven',
      ...(exact ? { minimumFractionDigits: decimals, maximumFractionDigits: decimals } : { maximumFractionDigits: 20 }),
    });
  }
  /** A number and its unit stay on one line; `markup.py` does the same. */
  const NUMBER_AND_UNIT = /([\d}]) (?=%|(?:ms|s|MB|Mo)\b)/g;
  /** @type {(key: string) => string | undefined} */
  const template = (key) => (key.includes('{') ? key : (all[code][key] ?? all.en[key]));
  /**
   * A message cut at its places: texts, and [which value, its text].
   * @param {Message} message
   * @returns {(string | [number, string])[]}
   */
  function pieces({ key, args = [], text: fallback }) {
    const found = template(key);
    if (found === undefined) return [fallback ?? key];
    return found
      .replace(NUMBER_AND_UNIT, '$1\u00a0')
      .split(/(\{\d+[^{}]*\})/)
      .filter(Boolean)
      .map((part) => {
        const [, place, spec = ''] = /^\{(\d+)(?::([^{}]*))?\}$/.exec(part) ?? [];
        const value = place === undefined ? undefined : args[Number(place)];
        if (value === undefined) return part;
        return [Number(place), typeof value === 'number' ? formatted(value, spec) : text(value)];
      });
  }
  /**
   * @param {Sentence | null | undefined} message
   * @returns {string}
   */
  function text(message) {
    if (message === null || message === undefined) return '';
    if (typeof message === 'number') return formatted(message, '');
    if (typeof message === 'string') return message;
    return pieces(message)
      .map((part) => (typeof part === 'string' ? part : part[1]))
      .join('');
  }

  // ---- elements
  /** @type {(element: Element, name: string) => Message | null} */
  function messageOf(element, name) {
    const key = element.getAttribute(name);
    return key === null ? null : { key, args: JSON.parse(element.getAttribute(`${name}-args`) ?? '[]') };
  }
  /** @type {(element: Element, name: string, message: Message) => void} */
  function keep(element, name, { key, args = [] }) {
    const values = args.length ? JSON.stringify(args) : null;
    if (element.getAttribute(name) !== key) element.setAttribute(name, key);
    if (element.getAttribute(`${name}-args`) === values) return;
    if (values === null) element.removeAttribute(`${name}-args`);
    else element.setAttribute(`${name}-args`, values);
  }
  /** @type {(element: Element, name: string) => void} */
  function forget(element, name) {
    if (!element.hasAttribute(name)) return;
    element.removeAttribute(name);
    element.removeAttribute(`${name}-args`);
  }

  /** @param {Element} element */
  function render(element) {
    const message = messageOf(element, 'data-i18n');
    if (message && template(message.key) !== undefined) renderText(element, message);
    for (const name of ATTRIBUTES) {
      const one = messageOf(element, `data-i18n-${name}`);
      if (!one || template(one.key) === undefined) continue;
      const shown = text(one);
      if (element.getAttribute(name) !== shown) element.setAttribute(name, shown);
    }
  }
  /** @type {(element: Element, message: Message) => void} */
  function renderText(element, message) {
    const place = element.getAttribute('data-i18n-em');
    if (place !== null) return stress(element, message, Number(place));
    const shown = text(message);
    if (element.textContent !== shown) element.textContent = shown;
  }
  /**
   * A sentence with one of its values in an <em>.
   * @type {(element: Element, message: Message, place: number) => void}
   */
  function stress(element, message, place) {
    if (element.textContent === text(message) && element.querySelector('em')) return;
    element.replaceChildren(
      ...pieces(message).map((part) => {
        if (typeof part === 'string') return part;
        if (part[0] !== place) return part[1];
        const em = document.createElement('em');
        em.textContent = part[1];
        em.translate = typeof message.args?.[place] !== 'string';
        return em;
      }),
    );
  }
  /** @param {Element} root */
  function renderAll(root) {
    if (root.matches(ANY)) render(root);
    for (const element of root.querySelectorAll(ANY)) render(element);
  }

  /**
   * Gradio writes a new answer into the elements of the last one. Where the sentence is the same, it only puts back its
   * English, as text or as an attribute's value.
   * @param {Text} node
   */
  function rewritten(node) {
    const owner = node.parentElement?.closest(ANY);
    if (owner) render(owner);
  }

  // For scripts: `put` shows a message in an element, `label` in an attribute of it; both follow the language.
  window.faceOffText = text;
  window.faceOffPut = (element, message, place) => {
    if (message && typeof message === 'object') {
      if (place === undefined) element.removeAttribute('data-i18n-em');
      else element.setAttribute('data-i18n-em', String(place));
      keep(element, 'data-i18n', message);
      if (template(message.key) === undefined) element.textContent = text(message);
      render(element);
    } else {
      forget(element, 'data-i18n');
      const shown = String(message ?? '');
      if (element.textContent !== shown) element.textContent = shown;
    }
  };
  window.faceOffLabel = (element, name, message) => {
    if (message && typeof message === 'object') keep(element, `data-i18n-${name}`, message);
    else forget(element, `data-i18n-${name}`);
    element.setAttribute(name, text(message));
  };

  // ---- Gradio's own components, which take no attributes: `components/labels.py` says by id which sentences they show
  /**
   * The sentences of a component; `text` is a button's or a tab's.
   * @typedef {object} Labels
   * @property {Message} [label]
   * @property {Message} [info]
   * @property {Message} [text]
   * @property {Message[]} [box]
   * @property {Record<string, Message>} [choices]
   * @property {Record<string, Message>} [options] by their English
   */
  /** @type {Map<string, Labels>} */
  const labels = new Map();
  /** @type {WeakMap<HTMLInputElement, string>} the English value of a choice box */
  const values = new WeakMap();
  /** @type {WeakMap<Element, { english: string, shown: string }>} the English name of an option */
  const optionNames = new WeakMap();
  /**
   * The text nodes that show something.
   * @param {Element | null} element
   */
  function texts(element) {
    /** @type {Text[]} */
    const found = [];
    if (!element) return found;
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = /** @type {Text} */ (walker.currentNode);
      if (node.data.trim()) found.push(node);
    }
    return found;
  }
  /** @type {(node: Text | undefined, message: Message | undefined) => void} */
  function writeNode(node, message) {
    if (!node || !message) return;
    const shown = text(message);
    if (node.data !== shown) node.data = shown;
  }
  /** @type {(element: Element | null, message: Message | undefined) => void} */
  const write = (element, message) => message && writeNode(texts(element)[0], message);
  /**
   * A choice box's text is a property, which no observer sees: it is replaced where Gradio sets it.
   * @param {HTMLInputElement} input
   * @param {Record<string, Message>} options
   */
  function follow(input, options) {
    const plain = /** @type {Required<TypedPropertyDescriptor<string>>} */ (
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')
    );
    const shown = (/** @type {string} */ english) => (options[english] ? text(options[english]) : english);
    if (!values.has(input)) {
      values.set(input, plain.get.call(input));
      Object.defineProperty(input, 'value', {
        configurable: true,
        get: () => values.get(input),
        set: (english) => {
          values.set(input, String(english));
          plain.set.call(input, shown(String(english)));
        },
      });
    }
    input.value = values.get(input) ?? '';
  }
  /**
   * One of a choice box's options: its English name is its label, until that is replaced.
   * @param {Element} item
   * @param {Record<string, Message>} options
   */
  function offer(item, options) {
    const now = item.getAttribute('aria-label') ?? '';
    const before = optionNames.get(item);
    const english = before?.shown === now ? before.english : now;
    if (!options[english]) return;
    const shown = text(options[english]);
    optionNames.set(item, { english, shown });
    if (shown !== now) item.setAttribute('aria-label', shown);
    writeNode(texts(item).at(-1), options[english]);
  }
  /** @param {string} id */
  function labelled(id) {
    const root = document.getElementById(id);
    const { label, info, text: own, box, choices = {}, options } = labels.get(id) ?? {};
    for (const tab of document.querySelectorAll(`[id="${id}-button"]`)) write(tab, own); // its page may not be laid out yet
    if (!root) return;
    write(headingOf(root), label);
    write(root.querySelector('.info-text'), info);
    write(root.matches('button') ? root : root.querySelector(':scope > button.label-wrap > span'), own);
    if (box) texts(root.querySelector('button[aria-dropeffect] .wrap')).forEach((node, i) => writeNode(node, box[i]));
    for (const input of root.querySelectorAll('label > input')) {
      if (input instanceof HTMLInputElement)
        write(input.nextElementSibling, choices[input.value] ?? choices[input.name]);
    }
    if (options) choiceBox(root, options, label);
  }
  /** @param {Element} root */
  function headingOf(root) {
    const heading = '[data-testid="block-info"], [data-testid="block-label"], label.checkbox-container .label-text';
    const checkbox = root.querySelector('input[type=checkbox]') && root.querySelector('label span');
    return root.querySelector(heading) ?? checkbox;
  }
  /** @type {(root: Element, options: Record<string, Message>, label: Message | undefined) => void} */
  function choiceBox(root, options, label) {
    for (const input of root.querySelectorAll('input[role=combobox]')) {
      if (input instanceof HTMLInputElement) follow(input, options);
      input.setAttribute('aria-label', text(label));
    }
    for (const item of root.querySelectorAll('li[role=option]')) offer(item, options);
  }
  /** @param {Element} root */
  function readLabels(root) {
    const found = [...root.querySelectorAll(`[${LABELS}]`)];
    for (const element of root.matches(`[${LABELS}]`) ? [root, ...found] : found) {
      const sentences = JSON.parse(element.getAttribute(LABELS) ?? '{}');
      for (const [id, what] of Object.entries(sentences)) labels.set(id, what);
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
      if (type === 'attributes') render(/** @type {Element} */ (target));
      if (type === 'characterData') rewritten(/** @type {Text} */ (target));
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        readLabels(node);
        renderAll(node);
      }
    }
    labelledSoon();
    if (!document.querySelector('.fo-language')) menu();
  }).observe(document.body, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: [...KEYS, ...KEYS.map((name) => `${name}-args`), ...ATTRIBUTES],
  });

  // ---- which language
  /** @type {(name: string) => Promise<Record<string, string>>} */
  async function fetched(name) {
    const answer = await fetch(`${window.gradio_config?.root ?? ''}/${addresses[name]}`);
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }
  /** @param {string} next */
  async function choose(next) {
    wanted = next;
    try {
      all[next] ??= await fetched(next);
    } catch {
      if (wanted === next) wanted = code; // no connection: the page stays as it is
    }
    const select = document.querySelector('.fo-language select');
    if (select instanceof HTMLSelectElement) select.value = wanted;
    if (wanted === next) show(next); // another one may have been chosen meanwhile
    if (!document.querySelector('.fo-language')) menu();
  }
  /** @param {string} next */
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
    const preferred = [asked, remembered(), ...(navigator.languages ?? [navigator.language])];
    const primary = preferred.map((one) => (one ?? '').toLowerCase().split(/[-_]/)[0]);
    return primary.find((one) => Object.hasOwn(names, one)) ?? 'en';
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
