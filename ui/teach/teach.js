// Called once with the component's element; `teach_tab.py` says how. Everything here is this page's; samples are the server's.
import { putMarkup } from '../components/markup.js';

window.faceOffTeach = (element, props, server, upload) => {
  const given = JSON.parse(
    JSON.stringify({
      trials: props.trials,
      settings: props.settings,
      ranges: props.ranges,
      longest: props.longest,
      files: props.files,
    }),
  );
  const { trials, ranges } = given;
  // Messages: a key and its values. `languages.js` shows them in the page's language, and again when another is chosen.
  const said = (key, ...args) => ({ key, args }),
    say = (name, ...args) => said(`teach.${name}`, ...args);
  const words = new Proxy({}, { get: (_, name) => say(name) });
  const put = window.faceOffPut,
    label = window.faceOffLabel,
    translated = window.faceOffText; // the last for what is not on the page itself
  const agreed = (name, ...values) => confirm(translated(say(name, ...values)));
  const LABELLED = ['title', 'aria-label', 'alt', 'placeholder'];
  const MIN_GAP = 1000 / 15,
    LONGEST = 400,
    QUALITY = 0.8,
    LOOK_EVERY = 250;

  // ---- small helpers
  function make(name, options = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(options)) {
      if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
      else if (key === 'text') put(node, value);
      else if (LABELLED.includes(key) && typeof value === 'object') label(node, key, value);
      else if (key === 'class') node.className = value;
      else if (value === true) node.setAttribute(key, '');
      else if (value !== false && value !== undefined) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }
  const button = (text, click, css = '', more = {}) =>
    make('button', { type: 'button', class: `ft-button ${css}`, text, onclick: click, ...more });
  const samplesIn = (count) => (count === 1 ? words.sample : say('samples', count));

  // Sentences side by side, each in an element of its own.
  const span = (message) => make('span', { text: message });
  const commas = (messages) => messages.flatMap((one, i) => (i ? [', ', span(one)] : [span(one)]));

  const root = element.firstElementChild;
  const spoken = make('p', { class: 'ft-spoken', role: 'status', 'aria-live': 'polite' });
  const notice = make('p', { class: 'ft-notice', role: 'alert', hidden: true });
  function tell(message, bad = false) {
    const text = Boolean(message);
    notice.replaceChildren(...(text ? (Array.isArray(message) ? message : [span(message)]) : []));
    notice.hidden = !text;
    notice.classList.toggle('ft-bad', bad);
    clearTimeout(tell.timer);
    if (text && !bad) tell.timer = setTimeout(() => tell(''), 8000);
  }

  async function ask(what, more = {}) {
    const answer = await server.teach({ do: what, ...more });
    if (!answer) {
      tell(words.lost, true);
      return { failed: true };
    }
    if (answer.words) tell(answer.words, answer.failed === true);
    if (answer.view) showView(answer.view);
    if (answer.closed) {
      lesson = null;
      showLesson({});
    }
    if (answer.lesson) showLesson(answer);
    if (answer.trials !== undefined && !answer.lesson) putMarkup(trialsPlace, answer.trials);
    if (answer.growth !== undefined && !answer.lesson) putMarkup(growthPlace, answer.growth);
    return answer;
  }

  // ---- one camera for all: whoever uses it shows it
  const camera = { stream: null, users: new Set() };
  async function openCamera(user) {
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('', 'InsecureError');
    const refusal = (await server.teach({ do: 'camera' }))?.words;
    if (refusal) throw Object.assign(new DOMException('', 'RefusedHere'), { refusal });
    camera.users.add(user);
    camera.stream ??= navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: 'user' },
    });
    let stream;
    try {
      stream = await camera.stream;
    } catch (error) {
      camera.stream = null;
      camera.users.delete(user);
      throw error;
    }
    if (!camera.users.has(user)) {
      closeCamera(user);
      throw new DOMException('', 'Closed');
    }
    user.video.srcObject = stream;
    await user.video.play();
  }
  function closeCamera(user) {
    camera.users.delete(user);
    user.video.srcObject = null;
    if (camera.users.size || !camera.stream) return;
    const stream = camera.stream;
    camera.stream = null;
    stream.then(
      (opened) => opened.getTracks().forEach((track) => track.stop()),
      () => {},
    );
  }
  function why(error) {
    const names = {
      InsecureError: 'insecure',
      NotAllowedError: 'refused',
      SecurityError: 'refused',
      NotFoundError: 'none',
      OverconstrainedError: 'none',
      NotReadableError: 'busy',
      AbortError: 'busy',
    };
    if (error.name === 'RefusedHere') return error.refusal;
    return names[error.name] ? said(`live.${names[error.name]}`) : said('live.other', error.message || error.name);
  }
  const sheet = document.createElement('canvas');
  function grab(video) {
    const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
    sheet.width = Math.round(video.videoWidth * scale);
    sheet.height = Math.round(video.videoHeight * scale);
    sheet.getContext('2d').drawImage(video, 0, 0, sheet.width, sheet.height); // never mirrored: left stays left
    return sheet.toDataURL('image/jpeg', QUALITY);
  }
  // Leaving the tab, or the window, closes the camera.
  setInterval(() => {
    if (!camera.users.size || root.offsetParent) return;
    for (const user of [...camera.users]) user.close();
  }, LOOK_EVERY);

  // ---- a recorder: hold a button (or a key on it), or press once for some seconds
  const option = { rate: 8, delay: 0, duration: 0, several: 'skip' };
  function recorder(about, onBegin, onFrame, onEnd) {
    const self = { video: make('video', { muted: true, playsinline: true }) };
    self.video.muted = true;
    const middle = make('p', { class: 'ft-screen-words', text: said('live.opening') });
    const hold = button(words.hold, null, 'ft-hold ft-main', { disabled: true });
    const screen = make('div', { class: 'ft-screen' }, self.video, middle);
    let going = false,
      pressed = 0;
    const rest = (text) => new Promise((resolve) => setTimeout(resolve, text));
    const naming = () => {
      if (!going) put(hold, option.duration ? say('hands_free', option.duration) : words.hold);
    };
    async function begin() {
      if (going || hold.disabled) return;
      const mine = ++pressed,
        seconds = option.duration,
        delay = option.delay;
      going = true;
      for (let left = delay; left > 0 && going; left -= 1) {
        put(middle, say('in', Math.ceil(left)));
        await rest(1000 * Math.min(1, left));
      }
      put(middle, '');
      if (!going || mine !== pressed) return;
      screen.classList.add('ft-on');
      put(hold, words.recording);
      hold.setAttribute('aria-pressed', 'true');
      const until = seconds ? performance.now() + 1000 * seconds : Infinity;
      const context = await onBegin();
      while (going && mine === pressed && performance.now() < until && context !== null) {
        const at = performance.now();
        if (self.video.readyState >= 2 && !document.hidden && !(await onFrame(grab(self.video), context))) break;
        await rest(
          Math.max(0, 1000 / Math.max(1, option.rate) - (performance.now() - at), MIN_GAP - (performance.now() - at)),
        );
      }
      if (mine === pressed) end();
    }
    function end() {
      if (!going) return;
      going = false;
      pressed += 1;
      screen.classList.remove('ft-on');
      hold.removeAttribute('aria-pressed');
      put(middle, '');
      naming();
      onEnd();
    }
    hold.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      hold.focus();
      if (option.duration && going) return end();
      begin();
    });
    for (const name of ['pointerup', 'pointercancel', 'pointerleave'])
      hold.addEventListener(name, () => !option.duration && end());
    hold.addEventListener('keydown', (event) => {
      if ([' ', 'Enter'].includes(event.key)) {
        event.preventDefault();
        if (!event.repeat) begin();
      }
    });
    hold.addEventListener('keyup', (event) => {
      if ([' ', 'Enter'].includes(event.key) && !option.duration) end();
    });
    hold.addEventListener('blur', () => !option.duration && end());
    hold.addEventListener('contextmenu', (event) => event.preventDefault());
    label(hold, 'aria-label', say('hold_own', about));
    self.open = async () => {
      try {
        await openCamera(self);
        put(middle, '');
        hold.disabled = false;
        naming();
      } catch (error) {
        if (error.message !== 'Closed' && error.name !== 'Closed') put(middle, why(error));
      }
    };
    self.close = () => {
      end();
      closeCamera(self);
      self.closed?.();
    };
    self.node = make('div', { class: 'ft-recorder' }, screen, hold);
    self.naming = naming;
    return self;
  }

  // ---- classes
  const thumbs = new Map(),
    copies = new Set(),
    wanted = new Set();
  const cards = [];
  let view = { classes: [] },
    lesson = null,
    openRecorder = null;
  const classList = make('div', { class: 'ft-classes' });
  const total = make('p', { class: 'ft-total' });
  const balance = make('p', { class: 'ft-balance', hidden: true });

  function showView(next) {
    view = next;
    copies.clear();
    for (const one of view.classes) for (const id of one.copies) copies.add(id);
    while (cards.length > view.classes.length) cards.pop().gone();
    while (cards.length < view.classes.length) {
      const one = classCard(cards.length);
      cards.push(one);
      classList.append(one.node);
    }
    view.classes.forEach((one, at) => cards[at].show(one));
    put(total, say('of_most', view.total, view.most));
    put(balance, view.balance);
    balance.hidden = !view.balance;
    showTraining();
    fetchThumbs();
  }

  // Names that nobody typed come in the page's language; from then on they are somebody's own.
  async function inThisLanguage(since = 0) {
    for (const [at, { name }] of [...view.classes.entries()].slice(since)) {
      const made = /^Class (\d+)$/.exec(name),
        here = made && translated(say('class_n', Number(made[1])));
      if (made && here !== name) await ask('rename', { at, name: here });
    }
  }

  function classCard(at) {
    const title = make('input', {
      class: 'ft-name',
      type: 'text',
      maxlength: given.longest,
      'aria-label': words.name,
      spellcheck: 'false',
    });
    const count = make('span', { class: 'ft-count' }),
      alike = make('span', { class: 'ft-alike', title: words.alike_why });
    const strip = make('ul', { class: 'ft-strip' }),
      place = make('div', { class: 'ft-place' }),
      off = make('span', { class: 'ft-off', text: words.left_out, hidden: true });
    const skippedLine = make('p', { class: 'ft-skipped', hidden: true });
    let shown = { ids: [], copies: [], enabled: true, name: '' },
      skipped = {};
    const rename = async () => {
      if (title.value.trim() && title.value !== shown.name) {
        const answer = await ask('rename', { at, name: title.value });
        if (answer.failed) title.value = shown.name;
      } else title.value = shown.name;
    };
    title.addEventListener('change', rename);
    title.addEventListener('keydown', (event) => event.key === 'Enter' && title.blur());
    const files = make('input', {
      type: 'file',
      accept: 'image/*',
      multiple: true,
      hidden: true,
      'aria-label': words.upload,
    });
    files.addEventListener('change', () => {
      sendPictures([...files.files]);
      files.value = '';
    });
    const cam = button(words.webcam, () => toggleCamera(), 'ft-cam'),
      up = button(words.upload, () => files.click(), 'ft-up');
    const enabled = button(words.disable, () => ask('enable', { at, on: !shown.enabled }), 'ft-item');
    const sure = (name, act) => () => {
      menu.open = false;
      if (!shown.ids.length || agreed(name, shown.name, shown.ids.length)) act();
    };
    const menu = make(
      'details',
      { class: 'ft-menu' },
      make('summary', { 'aria-label': words.menu, title: words.menu, text: '⋮' }),
      make(
        'div',
        { class: 'ft-items' },
        enabled,
        button(
          words.up,
          () => {
            menu.open = false;
            ask('move', { at, to: at - 1 });
          },
          'ft-item',
        ),
        button(
          words.down,
          () => {
            menu.open = false;
            ask('move', { at, to: at + 1 });
          },
          'ft-item',
        ),
        button(
          words.clear,
          sure('clear_sure', () => ask('clear', { at })),
          'ft-item',
        ),
        button(
          words.remove,
          sure('remove_sure', () => {
            stopRecorder();
            ask('remove', { at });
          }),
          'ft-item',
        ),
      ),
    );
    enabled.addEventListener('click', () => {
      menu.open = false;
    });
    menu.addEventListener('focusout', (event) => {
      if (!menu.contains(event.relatedTarget)) menu.open = false;
    });
    const node = make(
      'article',
      { class: 'ft-card ft-class' },
      make('header', {}, make('i', { class: 'ft-ink', 'aria-hidden': 'true' }), title, off, menu),
      make('p', { class: 'ft-counts' }, count, alike),
      place,
      make('div', { class: 'ft-buttons' }, cam, up, files),
      skippedLine,
      strip,
    );
    strip.addEventListener('pointerover', hover);
    strip.addEventListener('focusin', hover);
    for (const name of ['pointerleave', 'focusout'])
      strip.addEventListener(name, () => {
        bubble.hidden = true;
      });

    function skip(kind) {
      skipped[kind] = (skipped[kind] ?? 0) + 1;
      const parts = Object.entries(skipped)
        .filter(([, n]) => n)
        .map(([name, n]) => say(`skipped_${name}`, n));
      skippedLine.replaceChildren(...(parts.length ? [span(words.skipped), ' ', ...commas(parts)] : []));
      skippedLine.hidden = !parts.length;
    }
    function add(samples) {
      for (const one of samples) {
        thumbs.set(one.id, one.crop);
        shown.ids.push(one.id);
        if (one.copy) {
          copies.add(one.id);
          shown.copies.push(one.id);
        }
      }
      view.total += samples.length;
      put(total, say('of_most', view.total, view.most));
      draw();
    }
    async function take(what, more) {
      const answer = await ask(what, { at, several: option.several, ...more });
      if (answer.added) add(answer.added);
      else if (answer.skipped) skip(answer.skipped);
      return answer;
    }
    async function sendPictures(list) {
      skipped = {};
      skip.none = 0;
      skippedLine.hidden = true;
      let done = 0;
      for (const file of list) {
        working(say('adding', ++done, list.length), done / list.length);
        const sent = await upload(file).catch(() => null);
        if (!sent?.path) {
          tell(words.busy_upload, true);
          continue;
        }
        const answer = await take('picture', { path: sent.path });
        if (answer.failed) {
          skip('unreadable');
          if (view.total >= view.most) break;
        }
        if (stopUploads) {
          stopUploads = false;
          break;
        }
      }
      working(null);
      ask('look');
    }
    function toggleCamera() {
      if (openRecorder?.at === at) return stopRecorder();
      stopRecorder();
      skipped = {};
      skippedLine.hidden = true;
      const recording = recorder(
        shown.name,
        async () => {
          const answer = await ask('burst');
          return answer.failed ? null : answer.burst;
        },
        async (image, burst) => {
          const answer = await take('frame', { image, burst });
          return !answer.failed;
        },
        () => ask('look'),
      );
      recording.at = at;
      recording.closed = () => {
        place.replaceChildren();
        put(cam, words.webcam);
        label(cam, 'aria-label', say('webcam_own', shown.name));
        node.classList.remove('ft-open');
        if (openRecorder === recording) openRecorder = null;
      };
      openRecorder = recording;
      put(cam, words.close);
      label(cam, 'aria-label', said('{0}: {1}', words.close, shown.name));
      node.classList.add('ft-open');
      place.replaceChildren(recording.node, recordingSettings(recording));
      recording.open();
    }
    const tiles = new Map();
    function draw() {
      const n = shown.ids.length,
        few = n < 3 && shown.enabled;
      count.replaceChildren(span(samplesIn(n)), ...(few ? [' · ', span(words.few)] : []));
      put(alike, shown.copies.length ? say('alike', shown.copies.length) : '');
      strip.hidden = !n;
      const keep = new Set(shown.ids);
      for (const [id, tile] of tiles)
        if (!keep.has(id)) {
          tile.remove();
          tiles.delete(id);
        }
      for (const id of shown.ids) {
        if (!tiles.has(id)) {
          const tile = sampleTile(id, shown.name);
          tiles.set(id, tile);
          strip.prepend(tile);
        }
        const tile = tiles.get(id),
          picture = tile.querySelector('img');
        tile.classList.toggle('ft-copy', copies.has(id));
        if (thumbs.has(id)) {
          if (!picture.src) picture.src = thumbs.get(id);
        } else wanted.add(id);
      }
    }
    return {
      node,
      show(one) {
        shown = one;
        if (document.activeElement !== title) title.value = one.name;
        node.classList.toggle('ft-disabled', !one.enabled);
        off.hidden = one.enabled;
        node.style.setProperty('--ft-ink', inkOf(one.name, at));
        put(enabled, one.enabled ? words.disable : words.enable);
        label(
          cam,
          'aria-label',
          openRecorder?.at === at ? said('{0}: {1}', words.close, one.name) : say('webcam_own', one.name),
        );
        label(up, 'aria-label', say('upload_own', one.name));
        draw();
      },
      gone() {
        if (openRecorder?.at === at) stopRecorder();
        node.remove();
      },
    };
  }
  const INKS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8f6b3f', '#8a8f98'];
  const inkOf = (name, at) => lesson?.colours?.[name] ?? INKS[at % INKS.length];
  function stopRecorder() {
    openRecorder?.close();
  }

  function sampleTile(id, name) {
    const remove = make('button', {
      type: 'button',
      class: 'ft-x',
      'aria-label': words.delete_one,
      title: words.delete_one,
      text: '×',
      onclick: () => {
        bubble.hidden = true;
        ask('delete', { ids: [id] });
      },
    });
    return make(
      'li',
      { class: 'ft-tile', 'data-id': id },
      make('img', { alt: name, translate: 'no', width: 48, height: 48, draggable: 'false' }),
      remove,
    );
  }

  async function fetchThumbs() {
    while (wanted.size) {
      const ids = [...wanted].slice(0, 200);
      ids.forEach((id) => wanted.delete(id));
      const answer = await ask('thumbs', { ids });
      if (answer.failed) return;
      for (const [id, uri] of Object.entries(answer.thumbs ?? {})) {
        thumbs.set(Number(id), uri);
        for (const picture of classList.querySelectorAll(`[data-id="${id}"] img`)) picture.src = uri;
      }
    }
  }

  // The picture a sample was cut from, with the face's box, while the pointer or the focus is on it.
  const bubble = make('div', { class: 'ft-bubble', hidden: true });
  const photos = new Map();
  async function hover(event) {
    const tile = event.target.closest?.('.ft-tile');
    if (!tile) return;
    const id = Number(tile.dataset.id);
    hover.id = id;
    if (!photos.has(id)) photos.set(id, await ask('photo', { id }));
    const found = photos.get(id);
    if (hover.id !== id || !found.photo || !tile.isConnected) return;
    const [left, top, right, bottom] = found.box.map((part) => 100 * part);
    const frame = make('i', { style: `left:${left}%;top:${top}%;width:${right - left}%;height:${bottom - top}%` });
    bubble.replaceChildren(make('img', { src: found.photo, alt: '' }), frame);
    const place = tile.getBoundingClientRect(),
      outer = root.getBoundingClientRect();
    bubble.style.left = `${Math.max(0, Math.min(place.left - outer.left, outer.width - 170))}px`;
    bubble.style.top = `${place.bottom - outer.top + 6}px`;
    bubble.hidden = false;
  }

  function number(text, name, value, low, high, step, change, hint = '') {
    const input = make('input', { type: 'number', name, min: low, max: high, step, value, title: hint || false });
    input.addEventListener('change', () => change(Math.min(high, Math.max(low, Number(input.value) || 0)), input));
    return make('label', { class: 'ft-field', title: hint || false }, make('span', { text }), input);
  }
  function recordingSettings(recording) {
    const change = (name) => (value, input) => {
      option[name] = value;
      input.value = value;
      recording.naming();
    };
    return make(
      'details',
      { class: 'ft-settings' },
      make('summary', { text: words.settings }),
      make(
        'div',
        { class: 'ft-fields' },
        number(words.rate, 'rate', option.rate, 1, 15, 1, change('rate')),
        number(words.delay, 'delay', option.delay, 0, 10, 1, change('delay')),
        number(words.duration, 'duration', option.duration, 0, 60, 1, change('duration')),
      ),
    );
  }

  // ---- head of the classes: start from, open, save
  let stopUploads = false;
  const begin = make('select', { 'aria-label': words.start_from });
  for (const [value, text] of [
    ['?', words.start],
    ['', words.start_own],
    ['6', words.start_6],
    ['7', words.start_7],
  ])
    begin.append(make('option', { value, text }));
  begin.addEventListener('change', () => {
    const value = begin.value;
    begin.value = '?';
    if (value !== '?' && (!view.total || agreed('start_sure', view.total))) {
      stopRecorder();
      ask('start', { with: value }).then(() => inThisLanguage());
    }
  });
  const archive = make('input', { type: 'file', accept: '.zip,.tm', hidden: true, 'aria-label': words.open });
  archive.addEventListener('change', () => {
    const [file] = archive.files;
    archive.value = '';
    if (file) openArchive(file);
  });
  async function openArchive(file, sure = false) {
    working(say('adding', 1, 1), 0);
    const sent = await upload(file).catch(() => null);
    if (!sent?.path) {
      working(null);
      return tell(words.busy_upload, true);
    }
    stopRecorder();
    const polling = poll();
    const answer = await ask('archive', { path: sent.path, several: option.several, sure });
    clearInterval(polling);
    working(null);
    if (answer.sure && agreed(answer.sure, view.total)) return openArchive(file, true);
    if (answer.counts) {
      const parts = ['none', 'several', 'unreadable', 'others']
        .filter((name) => answer.counts[name])
        .map((name) => say(`skipped_${name}`, answer.counts[name]));
      const skipped = parts.length ? [' ', span(words.skipped), ' ', ...commas(parts), '.'] : [];
      tell(
        [span(say('added', answer.counts.added)), ...skipped, ...(answer.words ? [' ', span(answer.words)] : [])],
        Boolean(answer.words),
      );
    }
  }
  async function save() {
    const answer = await ask('save');
    if (!answer.file) return;
    const bytes = Uint8Array.from(atob(answer.file), (letter) => letter.charCodeAt(0));
    const link = make('a', {
      href: URL.createObjectURL(new Blob([bytes], { type: 'application/zip' })),
      download: answer.name,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    saved = view.total;
  }
  let saved = 0;
  window.addEventListener('beforeunload', (event) => {
    if (view.total > saved) event.preventDefault();
  });

  const several = make('select', { 'aria-label': words.several });
  for (const name of ['skip', 'largest', 'all'])
    several.append(make('option', { value: name, text: words[`several_${name}`] }));
  several.addEventListener('change', () => {
    option.several = several.value;
  });

  // ---- something long: how far it is, and a way out
  const bar = make('i', {}),
    barWords = make('span', {}),
    progress = make(
      'div',
      { class: 'ft-progress', hidden: true },
      make('span', { class: 'ft-track', 'aria-hidden': 'true' }, bar),
      barWords,
      button(
        words.cancel,
        () => {
          stopUploads = true;
          ask('cancel');
        },
        'ft-small',
      ),
    );
  function working(text, share = 0) {
    progress.hidden = text === null;
    root.classList.toggle('ft-working', text !== null);
    if (text !== null) {
      put(barWords, text);
      bar.style.width = `${Math.round(100 * share)}%`;
    } else stopUploads = false;
  }
  function poll(text) {
    return setInterval(async () => {
      const answer = await server.teach({ do: 'progress' });
      if (answer && typeof answer.share === 'number' && !progress.hidden) {
        bar.style.width = `${Math.round(100 * answer.share)}%`;
        if (text) put(barWords, text);
      }
    }, 300);
  }

  // ---- training
  const settings = { ...given.settings };
  const trainButton = button(words.train, train, 'ft-main ft-train', { disabled: true });
  const trainWhy = make('p', { class: 'ft-why' }),
    advanced = make('details', { class: 'ft-settings' });
  const steps = { epochs: 1, batch: 1, rate: 'any', c: 'any', seed: 1 },
    fieldNames = { rate: 'learning_rate' };
  const HINTED = ['epochs', 'c'];
  function layAdvanced() {
    const fields = Object.keys(ranges).map((name) =>
      number(
        words[fieldNames[name] ?? name],
        name,
        settings[name],
        ranges[name][0],
        ranges[name][1],
        steps[name],
        (value, input) => {
          settings[name] = value;
          input.value = value;
        },
        HINTED.includes(name) ? words[`${name}_hint`] : '',
      ),
    );
    const switches = ['augment', 'aligned'].map((name) => {
      const input = make('input', { type: 'checkbox', name });
      input.checked = settings[name];
      input.addEventListener('change', () => {
        settings[name] = input.checked;
      });
      return make(
        'label',
        { class: 'ft-switch' },
        input,
        make('span', {}, make('b', { text: words[name] }), make('small', { text: words[`${name}_hint`] })),
      );
    });
    const reset = button(
      words.reset,
      () => {
        Object.assign(settings, given.settings);
        layAdvanced();
        advanced.open = true;
      },
      'ft-small',
    );
    advanced.replaceChildren(
      make('summary', { text: words.advanced }),
      make('div', { class: 'ft-fields' }, ...fields),
      ...switches,
      reset,
    );
  }
  layAdvanced();
  async function train() {
    stopRecorder();
    preview.stop();
    trainButton.disabled = true;
    root.dataset.training = '';
    working(words.working);
    const polling = poll(words.working);
    const answer = await ask('train', settings);
    clearInterval(polling);
    working(null);
    delete root.dataset.training;
    showTraining();
    if (answer.lesson) {
      root.dataset.lessons = Number(root.dataset.lessons ?? 0) + 1;
      put(spoken, answer.words);
    }
  }
  function showTraining() {
    trainButton.disabled = Boolean(view.why) || root.dataset.training !== undefined;
    put(trainButton, view.taught ? words.again : words.train);
    put(trainWhy, view.why || (view.stale ? words.stale : ''));
    trainWhy.hidden = !trainWhy.textContent;
  }

  // ---- what came of it
  const hoodPlace = make('div', { class: 'ft-hood' }),
    growthPlace = make('div', { class: 'ft-growth' }),
    trialsPlace = make('div', { class: 'ft-trials' });
  const growButton = button(words.grow_button, async () => {
    working(words.grow);
    const polling = poll(words.grow);
    growButton.disabled = true;
    await ask('grow');
    growButton.disabled = false;
    clearInterval(polling);
    working(null);
  });
  const results = make('div', { class: 'ft-results', hidden: true });
  function showLesson(answer) {
    lesson = answer.lesson ?? null;
    results.hidden = !lesson;
    preview.reset();
    putMarkup(hoodPlace, answer.hood ?? '');
    putMarkup(growthPlace, answer.growth ?? '');
    putMarkup(trialsPlace, answer.trials ?? '');
    view.classes.forEach((one, at) => cards[at]?.show(one));
    if (lesson) layTrials();
  }

  // ---- preview
  const preview = (() => {
    const self = { video: make('video', { muted: true, playsinline: true }) };
    self.video.muted = true;
    const picture = make('img', { class: 'ft-still', alt: words.picture, hidden: true }),
      canvas = make('canvas', { 'aria-hidden': 'true' });
    const middle = make('p', { class: 'ft-screen-words', text: words.preview_idle }),
      screen = make('div', { class: 'ft-screen ft-idle' }, self.video, picture, canvas, middle);
    const bars = make('div', { class: 'ft-answers' }),
      joined = make('p', { class: 'ft-hint', hidden: true });
    const on = button(words.webcam, () => (running ? self.stop() : start()), 'ft-cam', { disabled: true });
    const files = make('input', { type: 'file', accept: 'image/*', hidden: true, 'aria-label': words.picture });
    const still = button(words.picture, () => files.click(), '', { disabled: true });
    const slider = make('input', {
      type: 'range',
      min: 0,
      max: 1,
      step: 0.01,
      value: 0.6,
      'aria-label': words.threshold,
    });
    const sliderWords = make('output', { text: said('{0:.2f}', 0.6) });
    const threshold = make(
      'label',
      { class: 'ft-threshold', hidden: true },
      make('span', { text: words.threshold }),
      slider,
      sliderWords,
    );
    let running = 0,
      runs = 0,
      last = null;
    slider.addEventListener('input', () => {
      put(sliderWords, said('{0:.2f}', Number(slider.value)));
      if (last) show(last);
    });
    files.addEventListener('change', async () => {
      const [file] = files.files;
      files.value = '';
      if (!file) return;
      self.stop();
      const sent = await upload(file).catch(() => null);
      if (!sent?.path) return tell(words.busy_upload, true);
      picture.src = URL.createObjectURL(file);
      picture.hidden = false;
      screen.classList.remove('ft-idle');
      put(middle, '');
      const answer = await ask('preview', { path: sent.path });
      if (answer.failed) return self.stop();
      screen.style.aspectRatio = `${answer.size[0]} / ${answer.size[1]}`;
      show(answer);
    });
    async function start() {
      self.stop();
      const mine = (running = ++runs);
      screen.classList.remove('ft-idle');
      put(on, said('live.stop'));
      put(middle, said('live.opening'));
      try {
        await openCamera(self);
      } catch (error) {
        if (mine === running) {
          self.stop();
          put(middle, why(error));
        }
        return;
      }
      if (mine !== running) return;
      put(middle, '');
      screen.style.aspectRatio = `${self.video.videoWidth} / ${self.video.videoHeight}`;
      while (mine === running) {
        const at = performance.now();
        if (self.video.readyState < 2 || document.hidden) {
          await new Promise((resolve) => setTimeout(resolve, 200));
          continue;
        }
        const answer = await ask('preview', { image: grab(self.video) });
        if (mine !== running) return;
        if (answer.failed) return self.stop();
        show(answer);
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, MIN_GAP - (performance.now() - at))));
      }
    }
    function show(answer) {
      last = answer;
      put(middle, answer.faces.length ? '' : said('live.nobody'));
      draw(answer);
      const face = answer.faces[0]; // the largest; the others have their boxes
      screen.dataset.faces = answer.faces.length;
      for (const column of columns) column.fill(face?.answers[column.name]);
    }
    function draw(answer) {
      const ratio = window.devicePixelRatio || 1,
        width = screen.clientWidth,
        height = screen.clientHeight,
        scale = width / answer.size[0];
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      const pen = canvas.getContext('2d'),
        mirrored = picture.hidden;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      answer.faces.forEach((face, i) => {
        const [left, top, right, bottom] = face.box.map((value) => value * scale),
          x = mirrored ? width - right : left;
        pen.beginPath();
        pen.roundRect(x, top, right - left, bottom - top, 6);
        for (const [wide, ink] of [
          [5, 'rgb(0 0 0 / .6)'],
          [2.5, i ? '#bbb' : '#fff'],
        ]) {
          pen.lineWidth = wide;
          pen.strokeStyle = ink;
          pen.stroke();
        }
      });
    }
    function naming(says, name, sure) {
      // only where it changes: answers come many times a second
      const sentence = `${sure} ${name}`;
      if (says.dataset.said === sentence) return;
      const named = make('span', { text: name ?? '–', translate: 'no' });
      says.dataset.said = sentence;
      says.replaceChildren(...(sure || !name ? [named] : [span(words.not_sure), ' (', named, ')']));
    }
    let columns = [];
    function lay() {
      columns = Object.entries(lesson.models).map(([name, model]) => {
        const says = make('p', { class: 'ft-says' });
        const rows = lesson.labels.map((label) => {
          const inner = make('i', { style: `background:${lesson.colours[label]}` }),
            share = make('span', { class: 'ft-share-words' });
          return {
            label,
            inner,
            share,
            row: make(
              'li',
              { class: 'ft-bar' },
              make('span', { class: 'ft-label', text: label, title: label, translate: 'no' }),
              make('span', { class: 'ft-track', 'aria-hidden': 'true' }, inner),
              share,
            ),
          };
        });
        const node = make(
          'section',
          { class: 'ft-answer', 'data-model': name },
          make('h4', { text: model.title }),
          says,
          make('ul', {}, ...rows.map((one) => one.row)),
        );
        const fill = (probs) => {
          const best = probs ? probs.indexOf(Math.max(...probs)) : -1,
            sure = probs && probs[best] >= Number(slider.value);
          naming(says, lesson.labels[best], sure);
          node.dataset.says = sure ? lesson.labels[best] : '';
          node.classList.toggle('ft-unsure', Boolean(probs) && !sure);
          rows.forEach(({ inner, share, row }, i) => {
            inner.style.width = `${100 * (probs?.[i] ?? 0)}%`;
            put(share, probs ? said('{0:.2f}', probs[i]) : '');
            row.classList.toggle('ft-best', i === best && Boolean(sure));
          });
        };
        fill(null);
        return { name, node, fill };
      });
      bars.replaceChildren(...columns.map((one) => one.node));
    }
    self.stop = () => {
      running = 0;
      last = null;
      screen.classList.add('ft-idle');
      closeCamera(self);
      if (picture.src) {
        URL.revokeObjectURL(picture.src);
        picture.removeAttribute('src');
      }
      picture.hidden = true;
      canvas.width = 0;
      screen.style.aspectRatio = '';
      delete screen.dataset.faces;
      put(on, words.webcam);
      put(middle, lesson ? words.preview_ready : words.preview_idle);
      columns.forEach((column) => column.fill(null));
    };
    self.close = self.stop;
    self.reset = () => {
      self.stop();
      on.disabled = still.disabled = !lesson;
      threshold.hidden = joined.hidden = !lesson;
      if (!lesson) {
        columns = [];
        bars.replaceChildren();
        put(middle, words.preview_idle);
        return;
      }
      slider.value = Math.max(...Object.values(lesson.models).map((model) => model.threshold));
      put(sliderWords, said('{0:.2f}', Number(slider.value)));
      put(joined, lesson.aligned ? say(given.files ? 'joined' : 'joined_lesson') : words.not_joined);
      lay();
    };
    self.node = make(
      'section',
      { class: 'ft-card ft-preview', 'aria-label': words.preview },
      make('h3', { text: words.preview }),
      screen,
      make('div', { class: 'ft-buttons' }, on, still, files),
      threshold,
      bars,
      joined,
    );
    return self;
  })();

  // ---- experiments
  const trialsAsk = make('div', { class: 'ft-experiments' });
  function layTrials() {
    trialsAsk.replaceChildren(
      ...Object.entries(trials).map(([name, recorded]) => {
        const title = said(`trial.${name}`),
          hint = said(`trial.${name}.hint`);
        const place = make('div', { class: 'ft-place' });
        let use = null;
        const go = button(
          words.try,
          async () => {
            if (!recorded) {
              go.disabled = true;
              await ask('experiment', { name });
              go.disabled = false;
              return;
            }
            if (use) return use.close();
            stopRecorder();
            const which = make(
              'select',
              { 'aria-label': words.record_as },
              ...lesson.labels.map((label, at) => make('option', { value: at, text: label, translate: 'no' })),
            );
            use = recorder(
              title,
              async () => Number(which.value),
              async (image, at) => !(await ask('trial', { name, at, image })).failed,
              () => {},
            );
            use.closed = () => {
              place.replaceChildren();
              put(go, words.try);
              if (openRecorder === use) openRecorder = null;
              use = null;
            };
            openRecorder = use;
            put(go, words.close);
            place.replaceChildren(
              make('label', { class: 'ft-field' }, make('span', { text: words.record_as }), which),
              use.node,
            );
            use.open();
          },
          '',
          { 'aria-label': say('try_it', title), 'data-trial': name },
        );
        return make(
          'div',
          { class: 'ft-experiment' },
          make('div', {}, make('b', { text: title }), make('p', { text: hint })),
          go,
          place,
        );
      }),
    );
  }
  function print() {
    const sheet = window.open('', '_blank');
    if (!sheet) return window.print();
    sheet.document.title = translated(words.experiments);
    for (const style of document.querySelectorAll('style, link[rel=stylesheet]'))
      sheet.document.head.append(style.cloneNode(true));
    sheet.document.body.className = 'ft-paper';
    putMarkup(sheet.document.body, `<h1></h1>${trialsPlace.innerHTML}`);
    sheet.document.querySelector('h1').textContent = translated(words.experiments);
    sheet.setTimeout(() => sheet.print(), 300);
  }

  // ---- lay everything out
  const head = make(
    'div',
    { class: 'ft-head' },
    make(
      'div',
      {},
      make('h2', { text: words.intro }),
      make('p', { class: 'ft-hint', text: say(given.files ? 'privacy' : 'privacy_lesson') }),
    ),
  );
  const tools = make(
    'div',
    { class: 'ft-tools' },
    begin,
    button(words.open, () => archive.click(), '', { title: words.open_hint }),
    archive,
    given.files ? button(words.save, save, '', { title: words.save_hint }) : null,
  );
  const left = make(
    'section',
    { class: 'ft-column', 'aria-label': words.classes },
    tools,
    classList,
    button(
      words.add,
      () =>
        ask('add')
          .then(() => inThisLanguage(cards.length - 1))
          .then(() => cards.at(-1)?.node.querySelector('.ft-name').select()),
      'ft-add',
    ),
    balance,
    make(
      'div',
      { class: 'ft-below' },
      total,
      button(words.empty, () => view.total && agreed('empty_sure', view.total) && ask('empty'), 'ft-small'),
      make('label', { class: 'ft-field ft-several' }, make('span', { text: words.several }), several),
    ),
  );
  const middleColumn = make(
    'section',
    { class: 'ft-column ft-middle', 'aria-label': words.training },
    make('div', { class: 'ft-card' }, make('h3', { text: words.training }), trainButton, trainWhy, progress, advanced),
  );
  results.append(
    make(
      'section',
      { class: 'ft-card' },
      make('h3', { text: words.hood_title }),
      hoodPlace,
      make(
        'section',
        { class: 'ft-panel ft-more' },
        make('header', {}, make('h4', { text: words.grow }), growButton),
        growthPlace,
      ),
    ),
    make(
      'section',
      { class: 'ft-card ft-lab' },
      make('h3', { text: words.experiments }),
      make('p', { class: 'ft-hint', text: words.experiments_intro }),
      trialsAsk,
      trialsPlace,
      make('div', { class: 'ft-buttons' }, button(words.print, print)),
    ),
  );
  root.append(
    head,
    notice,
    make('div', { class: 'ft-columns' }, left, middleColumn, make('div', { class: 'ft-column' }, preview.node)),
    results,
    bubble,
    spoken,
  );
  window.faceOffCharts(hoodPlace);

  // A desk is taken only by those who come here.
  const seen = setInterval(() => {
    if (root.offsetParent) {
      clearInterval(seen);
      ask('look').then(() => inThisLanguage());
    }
  }, LOOK_EVERY);
};
