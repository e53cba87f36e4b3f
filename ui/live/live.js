// Called once with the component's element; `live_tab.py` says how.
import { cameraProblem, requestStream, snapshot, stopStream } from '../components/camera.js';
import { download } from '../components/dom.js';
import { putMarkup } from '../components/markup.js';
import { fitted, outline, panel } from './at_faces.js';
import { fullScreen } from './full_screen.js';
import { sessionFile } from './session_file.js';

window.faceOffLive = (element, props, server) => {
  // The camera: one small frame at a time goes to the server, numbers come back and are drawn here.
  // Pictures are never stored; the session's rows live in `rows` and are gone on Stop.
  const { models, colours, chosen } = JSON.parse(
    JSON.stringify({ models: props.models, colours: props.colours, chosen: props.chosen }),
  );
  // Messages: a key and its values. `languages.js` shows them in the page's language, and again when another is chosen.
  const say = (name, ...args) => ({ key: `live.${name}`, args });
  const said = (key, args) => ({ key, args });
  const shown = window.faceOffText,
    put = window.faceOffPut; // as text, for what is drawn; in an element
  const named = (label, own) => (own ? label : said(`label.${label}`, []));
  const colour = (label, i = -1) => colours[label] ?? Object.values(colours)[i] ?? colours[''];
  const labelsOf = (answer, name) => answer.own?.[name] ?? answer.labels; // made-up classes are a model's own

  const SIZES = [
    [320, 0.7],
    [256, 0.65],
    [192, 0.6],
  ]; // longest side and JPEG quality, smaller when answers are slow
  const HERE = ['localhost', '127.0.0.1', '[::1]'];
  const MIN_GAP = 1000 / 33,
    LATE = 1500,
    GIVEN_UP = 10000,
    AGAIN = 1000,
    MOST_ROWS = 40000,
    WINDOW = 60;

  const root = element.firstElementChild;
  putMarkup(
    root,
    `
  <div class="fo-live-main">
    <div class="fo-screen">
      <video muted playsinline data-i18n-aria-label="live.camera"></video><canvas aria-hidden="true"></canvas>
      <p class="fo-screen-words"></p><p class="fo-hud" data-i18n-title="live.hud" hidden></p>
      <button type="button" class="fo-full" hidden></button>
    </div>
    <div class="fo-live-buttons">
      <button type="button" class="fo-start"></button>
      <button type="button" class="fo-rest" disabled data-i18n="live.rest"></button>
      <button type="button" class="fo-so-far" hidden data-i18n="live.so_far"></button>
      <button type="button" class="fo-forget" hidden data-i18n="live.forget"></button>
      <span class="fo-switches">
        <label><input type="checkbox" name="mirror" checked> <span data-i18n="live.mirror"></span></label>
        <label><input type="checkbox" name="mesh"> <span data-i18n="live.mesh"></span></label>
        <label><input type="checkbox" name="movements"> <span data-i18n="live.movements"></span></label>
        <label><input type="checkbox" name="smooth" checked> <span data-i18n="live.smooth"></span></label>
      </span>
    </div>
    <p class="fo-notice" role="alert" hidden></p>
    <p class="fo-live-privacy" data-i18n="${HERE.includes(location.hostname) ? 'live_privacy_here' : 'live_privacy'}"></p>
  </div>
  <div class="fo-live-side"><div class="fo-live-faces" tabindex="0" role="region" data-i18n-aria-label="live.answers"></div></div>
  <section class="fo-timeline" hidden>
    <h2><span data-i18n="live.timeline"></span> <small data-i18n="live.window"></small></h2><ul class="fz-key fo-key"></ul><div class="fo-strips"></div>
    <p class="fo-axis"><span></span><span data-i18n="live.now"></span></p>
    <p class="fo-downloads"><button type="button" data-kind="csv">CSV</button><button type="button" data-kind="json">JSON</button></p>
  </section>
  ${props.help}
  <p class="fo-live-spoken" role="status" aria-live="polite"></p>`,
  );
  const find = (selector) => root.querySelector(selector);
  const video = find('video'),
    canvas = find('canvas'),
    screen = find('.fo-screen'),
    startButton = find('.fo-start');
  const option = (name) => find(`input[name=${name}]`).checked;

  let run = 0,
    turn = 0,
    stream = null,
    fresh = null,
    waiting = null,
    notBefore = 0,
    rest = 0,
    soFar = false,
    edges = null,
    size = 0,
    slow = 0,
    quick = 0;
  let rows = [],
    began = 0,
    gap = 0,
    took = 0,
    last = 0,
    spokenAt = 0,
    latest = null,
    timers = [],
    hudAt = 0,
    drawnAt = 0,
    lost = 0,
    missed = 0,
    stale = false;

  const full = fullScreen(screen, () => {
    put(find('.fo-full'), say(full.is() ? 'leave_full' : 'full'));
    if (latest) draw(latest);
  });

  const state = (name) => {
    root.dataset.state = name;
    put(startButton, say(name === 'off' ? 'start' : 'stop'));
  };
  const middle = (message) => put(find('.fo-screen-words'), message);
  const notice = (message) => {
    find('.fo-notice').hidden = !message;
    put(find('.fo-notice'), message);
  };

  // ---- the camera
  async function start() {
    const mine = ++run;
    state('opening');
    notice('');
    middle(say('opening'));
    try {
      const { off, words: refusal } = (await server.may({})) ?? {};
      if (mine !== run || root.dataset.state === 'off') return;
      if (off) return stop(refusal);
      const opened = await requestStream({ frameRate: { ideal: 30 } });
      if (mine !== run || root.dataset.state === 'off') return stopStream(opened);
      stream = opened;
      stream.getVideoTracks()[0].addEventListener('ended', () => mine === run && stop(say('unplugged')));
      video.srcObject = stream;
      await video.play();
      if (mine === run && stream) begin();
    } catch (error) {
      if (mine === run && root.dataset.state !== 'off') stop(cameraProblem(error));
    }
  }

  function begin() {
    state('on');
    middle('');
    screen.style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`;
    began = last = performance.now();
    gap = took = slow = quick = size = 0;
    waiting = fresh = null;
    lost = missed = notBefore = 0;
    stale = false;
    find('.fo-rest').disabled = find('.fo-full').hidden = false;
    timers = [setInterval(watchdog, 250)];
    const mine = run,
      look = (now, frame) => {
        if (mine !== run || root.dataset.state !== 'on') return;
        fresh = frame.captureTime ?? now;
        send();
        nextFrame(look);
      };
    nextFrame(look);
  }

  function nextFrame(look) {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(look);
    else setTimeout(() => look(performance.now(), {}), document.hidden ? 200 : MIN_GAP);
  }

  function stop(sentence = '') {
    const was = root.dataset.state;
    stopStream(stream);
    stream = null;
    video.srcObject = null;
    waiting = latest = null;
    rows = [];
    rest = 0;
    timers.forEach(clearInterval);
    timers = [];
    canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
    find('.fo-live-faces').replaceChildren();
    find('.fo-strips').replaceChildren();
    for (const part of ['.fo-timeline', '.fo-hud', '.fo-forget', '.fo-so-far', '.fo-full']) find(part).hidden = true;
    full.leave();
    find('.fo-rest').disabled = true;
    find('.fo-live-spoken').textContent = '';
    screen.style.aspectRatio = '';
    screen.classList.remove('fo-late');
    state('off');
    middle(say('idle'));
    notice(sentence);
    if (was === 'on') server.stop({ run });
  }

  // ---- frames out: the camera's newest, as soon as the one before is answered
  function send() {
    const now = performance.now();
    if (root.dataset.state !== 'on' || waiting || fresh === null || now < notBefore || video.readyState < 2) return;
    const frame = (waiting = { captured: fresh, at: now, run });
    fresh = null;
    const sent = {
      run,
      turn: ++turn,
      image: snapshot(video, ...SIZES[size]),
      smooth: option('smooth'),
      mesh: option('mesh'),
      movements: option('movements'),
      rest,
      so_far: soFar,
      edges: option('mesh') && !edges,
      ...(window.faceOffChosen ?? chosen),
    };
    server.frame(sent).then((answer) => received(frame, answer)); // never rejects: Gradio answers nothing instead
  }

  // Seen while it lasts, and over by itself: every frame is asked anew, whoever serves by then.
  function watchdog() {
    if (!root.offsetParent) return stop(say('left'));
    const since = lost || waiting?.at,
      age = since ? performance.now() - since : 0,
      late = age > LATE;
    screen.classList.toggle('fo-late', late);
    if (late) {
      notice(say(stale ? 'stale' : lost ? 'lost' : 'late', Math.round(age / 1000)));
      find('.fo-hud').textContent = '0 fps';
    }
    if (waiting && performance.now() - waiting.at > GIVEN_UP) {
      lost ||= waiting.at;
      waiting = null;
    }
  }

  // ---- answers in
  function received(frame, answer) {
    if (frame !== waiting || frame.run !== run || root.dataset.state !== 'on') return;
    const now = performance.now();
    waiting = null;
    if (!answer) {
      lost ||= frame.at;
      missed += 1;
      notBefore = now + AGAIN;
      if (missed > 2)
        serverIsThere().then((there) => {
          stale = there && missed > 2;
        });
      return;
    }
    if (answer.off) return stop(answer.words);
    lost = missed = 0;
    stale = false;
    screen.classList.remove('fo-late');
    notice(answer.words ?? '');
    Object.assign(models, answer.taught);
    if (answer.edges) edges = answer.edges;
    if (answer.faces) {
      latest = answer;
      pace(now - frame.at, now - last);
      last = now;
      note(answer, now);
      requestAnimationFrame(() => latest === answer && show(answer, now, frame)); // after the next frame is on its way
    }
    notBefore = answer.faces ? frame.at + MIN_GAP : now + 500;
    send();
  }

  const serverIsThere = () =>
    fetch(`${window.gradio_config?.root ?? ''}/config`).then(
      (found) => found.ok,
      () => false,
    );

  function show(answer, now, frame) {
    draw(answer);
    cards(answer);
    hud(answer, now);
    strips(now);
    speak(answer, now);
    resting(answer);
    const times = { captured: frame.captured, sent: frame.at, answered: now, drawn: performance.now() };
    root.dispatchEvent(new CustomEvent('drawn', { detail: times })); // for scripts/measure_live.py
  }

  // Smaller frames while answers are slow, larger ones again when they are quick.
  function pace(milliseconds, interval) {
    const mix = (old, value) => (old ? old + 0.1 * (value - old) : value);
    took = mix(took, milliseconds);
    gap = mix(gap, interval);
    slow = took > 220 ? slow + 1 : 0;
    quick = took < 110 ? quick + 1 : 0;
    if (slow > 10 && size < SIZES.length - 1) {
      size += 1;
      slow = 0;
    }
    if (quick > 60 && size > 0) {
      size -= 1;
      quick = 0;
    }
  }

  function resting(answer) {
    middle(
      answer.resting ? say('resting', said('{0:.1f}', [answer.resting])) : answer.faces.length ? '' : say('nobody'),
    );
    find('.fo-rest').disabled = answer.resting > 0;
    find('.fo-forget').hidden = answer.resting > 0 || !answer.faces.some((face) => face.rested);
    find('.fo-so-far').hidden = !answer.offered;
  }

  function hud(answer, now) {
    if (now - hudAt < 300) return;
    hudAt = now;
    const stages = { mesh: say('mesh'), align: say('align'), movements: say('movements') };
    const parts = Object.entries(answer.ms).map(([name, ms]) =>
      shown(said('{0} {1:.1f}', [stages[name] ?? models[name]?.title ?? name, ms])),
    );
    find('.fo-hud').hidden = false;
    find('.fo-hud').textContent = `${Math.round(1000 / gap)} fps · ${Math.round(took)} ms (${parts.join(' · ')})`;
    Object.assign(root.dataset, { fps: (1000 / gap).toFixed(1), took: took.toFixed(0) });
  }

  // ---- drawing
  function draw(answer) {
    const ratio = window.devicePixelRatio || 1,
      width = screen.clientWidth,
      height = screen.clientHeight;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext('2d'),
      mirrored = option('mirror'),
      place = fitted({ width, height }, answer.size);
    const across = (value) => place.left + (value + 0.5) * place.scale;
    const x = (value) => (mirrored ? width - across(value) : across(value)),
      y = (value) => place.top + (value + 0.5) * place.scale;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const hud = find('.fo-hud'),
      area = { width, height: height - (hud.hidden ? 0 : hud.offsetHeight) };
    const boxes = answer.faces.map(({ box: [left, top, right, bottom] }) => {
      const sides = [x(left), x(right)].sort((a, b) => a - b);
      return { left: sides[0], top: y(top), right: sides[1], bottom: y(bottom) };
    });
    answer.faces.forEach((face, i) => {
      if (face.mesh && edges) mesh(pen, face.mesh, x, y);
      outline(pen, boxes[i]);
    });
    answer.faces.forEach((face, i) => panel(pen, boxes[i], atFace(face, answer), area));
  }

  // What is written at a face: its number, then each model's label and share.
  function atFace(face, answer) {
    const lines = Object.entries(face.shown).map(([name, label]) => {
      const i = labelsOf(answer, name).indexOf(label),
        words = said('{0} {1:.2f}', [named(label, answer.own?.[name]), face.answers[name][i]]);
      const sure = isSure(face, name, answer);
      return {
        ink: colour(label, i),
        text: shown(said('{0}: {1}', [models[name]?.title ?? name, sure ? words : say('box_unsure', words)])),
      };
    });
    return [{ text: shown(said('face', [face.number])) }, ...lines];
  }

  function isSure(face, name, answer) {
    const label = face.shown[name],
      share = face.answers[name][labelsOf(answer, name).indexOf(label)];
    const threshold = models[name]?.thresholds?.[face.rested ? 'equal' : (window.faceOffChosen ?? chosen).mix] ?? 0;
    return share >= threshold || (face.rested && label === 'neutral');
  }

  function mesh(pen, points, x, y) {
    pen.beginPath();
    for (let i = 0; i < edges.length; i += 2) {
      const a = 2 * edges[i],
        b = 2 * edges[i + 1];
      pen.moveTo(x(points[a]), y(points[a + 1]));
      pen.lineTo(x(points[b]), y(points[b + 1]));
    }
    pen.lineWidth = 0.7;
    pen.strokeStyle = 'rgb(255 255 255 / .6)';
    pen.stroke();
  }

  // ---- bars: built when faces, models or labels change, otherwise only their numbers
  const tag = (name, className, text) => {
    const made = document.createElement(name);
    made.className = className;
    if (text !== undefined) put(made, text);
    return made;
  };
  let built = '',
    parts = [];

  function cards(answer) {
    const faces = [...answer.faces].sort((a, b) => a.number - b.number);
    const key = JSON.stringify([
      answer.labels,
      answer.own,
      faces.map((face) => [face.number, Object.keys(face.answers)]),
    ]);
    const place = find('.fo-live-faces');
    if (key !== built || !place.children.length) {
      built = key;
      parts = faces.map((face) => card(face, answer));
      place.replaceChildren(...parts.map((part) => part.card));
    }
    faces.forEach((face, i) => fill(parts[i], face, answer));
  }

  function card(face, answer) {
    const made = tag('article', 'fo-card fo-live-face'),
      head = tag('header', 'fo-facehead'),
      columns = tag('div', 'fo-answers');
    const badge = tag('span', 'fo-badge'),
      often = tag('span', 'fo-often'),
      rested = tag('span', 'fo-badge fo-unsure fo-rested', say('rested'));
    head.append(tag('h2', '', said('face', [face.number])), badge, rested, often);
    const answers = Object.keys(face.answers).map((name) => {
      const column = tag('div', 'fo-answer'),
        says = tag('p', 'fo-says'),
        list = tag('ul', 'fo-bars');
      const bars = labelsOf(answer, name).map((label, i) => {
        const row = tag('li', 'fo-bar'),
          track = tag('span', 'fo-track'),
          inner = tag('i', ''),
          share = tag('span', 'fo-share');
        inner.style.background = colour(label, i);
        track.setAttribute('aria-hidden', 'true');
        track.append(inner);
        const own = Boolean(answer.own?.[name]),
          word = tag('span', 'fo-label', named(label, own));
        word.translate = !own;
        row.append(word, track, share);
        list.append(row);
        return { row, inner, share };
      });
      column.append(tag('h3', '', models[name]?.title ?? name), says, list);
      columns.append(column);
      return { name, column, says, bars };
    });
    made.append(head, columns);
    const moved = tag('p', 'fo-live-moved');
    made.append(moved);
    return { card: made, badge, often, rested, answers, moved };
  }

  // The movements that have gone furthest, in words; relative to the resting face where there is one.
  function movementsOf(face) {
    const seen = Object.entries(face.movements).filter(([, value]) => Math.abs(value) >= 0.1);
    const furthest = seen.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 5);
    if (!furthest.length) return said('moves.none', []);
    const form = face.moved_from_rest ? '{0:+.2f}' : '{0:.2f}';
    const parts = furthest.map(([word, value]) => said('moves.one', [said(`move.${word}`, []), said(form, [value])]));
    return said('moves.title', [said(parts.map((_, i) => `{${i}}`).join(', '), parts)]);
  }

  function fill(part, face, answer) {
    const names = Object.values(face.shown),
      agree = new Set(names).size === 1;
    const sure = Object.keys(face.shown).every((name) => isSure(face, name, answer)); // as Compare's `text.verdict`
    const kind = agree ? (sure ? 'agree' : 'unsure') : 'disagree';
    put(part.badge, said(kind, []));
    part.badge.className = `fo-badge fo-${kind}`;
    part.badge.hidden = part.often.hidden = names.length < 2 || Object.keys(answer.own ?? {}).length > 0;
    put(part.often, say('often', Math.round(100 * face.agreement)));
    part.rested.hidden = !face.rested;
    part.moved.hidden = !face.movements;
    if (face.movements) put(part.moved, movementsOf(face));
    for (const { name, column, says, bars } of part.answers) {
      const probs = face.answers[name],
        label = face.shown[name],
        sure = isSure(face, name, answer),
        leading = probs.indexOf(Math.max(...probs));
      const own = !answer.own?.[name] ? '' : name.startsWith('imported-') ? '_made' : '_own';
      put(says, say((sure ? 'says' : 'unsure') + own, named(label, own)), 0);
      column.classList.toggle('fo-notsure', !sure);
      bars.forEach(({ row, inner, share }, i) => {
        inner.style.width = `${100 * probs[i]}%`;
        put(share, said('{0:.2f}', [Math.round(100 * probs[i]) / 100]));
        row.classList.toggle('fo-best', i === leading); // the label above may be held for a moment
      });
    }
  }

  // ---- the session, in this page only
  function note(answer, now) {
    if (!props.timeline) return;
    const seconds = Math.round(now - began) / 1000;
    for (const face of answer.faces) {
      for (const [model, label] of Object.entries(face.shown)) {
        rows.push({
          seconds,
          face: face.number,
          model,
          label,
          probability: face.answers[model][labelsOf(answer, model).indexOf(label)],
        });
      }
    }
    if (rows.length > MOST_ROWS) rows = rows.slice(rows.length - MOST_ROWS);
  }

  function strips(now) {
    if (now - drawnAt < 400 || !rows.length || !props.timeline) return;
    drawnAt = now;
    const end = (now - began) / 1000,
      since = Math.max(0, end - WINDOW),
      lines = new Map();
    for (let i = rows.length - 1; i >= 0 && rows[i].seconds >= since; i -= 1) {
      const key = `${rows[i].face}\n${rows[i].model}`;
      if (!lines.has(key)) lines.set(key, []);
      lines.get(key).push(rows[i]);
    }
    find('.fo-timeline').hidden = false;
    const order = Object.keys(models),
      rank = (key) => 100 * Number(key.split('\n')[0]) + order.indexOf(key.split('\n')[1]);
    const keys = [...lines.keys()].sort((a, b) => rank(a) - rank(b)).slice(-16);
    const place = find('.fo-strips');
    while (place.children.length > keys.length) place.lastElementChild.remove();
    while (place.children.length < keys.length) {
      const line = tag('div', 'fo-strip');
      line.append(tag('span', ''), document.createElement('canvas'));
      place.append(line);
    }
    const span = Math.max(WINDOW / 4, end - since);
    keys.forEach((key, i) => strip(place.children[i], key, lines.get(key), end - span, span));
    put(find('.fo-axis span'), say('ago', Math.round(span)));
    legend([...new Set(keys.flatMap((key) => lines.get(key).map((row) => row.label)))]);
  }

  // Which colour is which label, of those that the strips show.
  function legend(shownLabels) {
    const order = [...(latest?.labels ?? []), ...shownLabels],
      list = find('.fo-key');
    const labels = shownLabels.sort((a, b) => order.indexOf(a) - order.indexOf(b)),
      key = JSON.stringify(labels);
    if (list.dataset.labels === key) return;
    list.dataset.labels = key;
    list.replaceChildren(
      ...labels.map((label) => {
        const row = document.createElement('li'),
          swatch = tag('i', ''),
          own = !latest?.labels.includes(label),
          word = tag('span', '', named(label, own));
        swatch.style.background = colour(label);
        word.translate = !own;
        row.append(swatch, word);
        return row;
      }),
    );
  }

  function strip(line, key, points, since, span) {
    const [face, model] = key.split('\n'),
      [name, bar] = line.children;
    put(name, said('{0}, {1}', [said('face', [Number(face)]), models[model]?.title ?? model]));
    bar.width = bar.clientWidth;
    bar.height = 14;
    const pen = bar.getContext('2d'),
      at = (seconds) => ((seconds - since) / span) * bar.width;
    points.forEach((point, i) => {
      // newest first: each reaches to the next newer one, over a gap not
      const until = Math.min(points[i - 1]?.seconds ?? point.seconds + 0.1, point.seconds + 0.7);
      pen.fillStyle = colour(point.label);
      pen.fillRect(at(point.seconds), 0, at(until) - at(point.seconds) + 1, 14);
    });
  }

  function speak(answer, now) {
    if (now - spokenAt < 4000) return;
    const answers = (face) =>
      Object.entries(face.shown).map(
        ([name, label]) => `${shown(models[name]?.title ?? name)} ${shown(named(label, answer.own?.[name]))}`,
      );
    const text = answer.faces
      .map((face) => `${shown(said('face', [face.number]))}: ${answers(face).join(', ')}`)
      .join('. ');
    const place = find('.fo-live-spoken');
    if (place.textContent !== text) {
      spokenAt = now;
      place.textContent = text;
    }
  }

  // ---- hands
  startButton.addEventListener('click', () => (root.dataset.state === 'off' ? start() : stop()));
  find('.fo-rest').addEventListener('click', () => {
    rest = turn + 1;
    soFar = false;
  });
  find('.fo-so-far').addEventListener('click', () => {
    rest = turn + 1;
    soFar = true;
    find('.fo-rest').focus(); // the offer disappears when it is taken
  });
  find('.fo-forget').addEventListener('click', () => {
    rest = 0;
  });
  find('.fo-downloads').addEventListener(
    'click',
    ({ target: { dataset } }) =>
      dataset.kind && download(sessionFile(dataset.kind, rows, props.privacy), `face-off-session.${dataset.kind}`),
  );
  const mirror = () => {
    screen.classList.toggle('fo-mirror', option('mirror'));
    if (latest) draw(latest);
  };
  find('input[name=mirror]').addEventListener('change', mirror);
  window.addEventListener('pagehide', () => stream && stop());
  find('.fo-full').addEventListener('click', full.toggle);
  put(find('.fo-full'), say('full'));
  mirror();
  state('off');
  middle(say('idle'));
};
