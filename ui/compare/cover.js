// The patch that is dragged over a face's crop, in the fold below each face: `cover.py` lays the fold out and answers.
// One call is under way at a time; when it is answered, the patch's newest place goes out.

window.faceOffCover = (_element, props, server) => {
  const { sizes, colours } = JSON.parse(JSON.stringify({ sizes: props.sizes, colours: props.colours }));
  const put = window.faceOffPut,
    shown = window.faceOffText;
  const say = (name, ...args) => ({ key: `cover.${name}`, args });
  const said = (key, args) => ({ key, args });
  const tag = (name, className, ...children) => {
    const made = document.createElement(name);
    made.className = className;
    made.append(...children);
    return made;
  };
  const between = (low, value, high) => Math.max(low, Math.min(value, high));
  const STEP = 0.04,
    QUIET = 600; // milliseconds without a change before the answer is read out

  // <details> tell of their opening by an event that does not bubble.
  document.addEventListener(
    'toggle',
    (event) => {
      const fold = event.target;
      if (fold instanceof HTMLElement && fold.matches('.fo-cover[open]') && !fold.dataset.ready) open(fold);
    },
    true,
  );

  function open(fold) {
    fold.dataset.ready = 'yes';
    const asked = JSON.parse(fold.dataset.cover);
    const sheet = tag('canvas', ''),
      patch = tag('i', 'fo-patch'),
      stage = tag('div', 'fo-stage-cover', sheet, patch);
    const slider = tag('input', ''),
      word = tag('span', ''),
      lift = tag('button', 'fo-lift'),
      spoken = tag('p', 'fo-cover-said'),
      answers = tag('div', 'fo-answers');
    const hint = tag('p', 'fo-cover-hint');
    let place = null, // { x, y } of the patch's middle, as parts of the crop's side
      size = 0.3,
      busy = false,
      waiting = false,
      first = null,
      columns = [],
      quiet = 0,
      times = [];

    stage.tabIndex = 0;
    stage.setAttribute('role', 'application');
    window.faceOffLabel(stage, 'aria-label', say('stage'));
    put(hint, say('hint'));
    Object.assign(slider, { type: 'range', min: sizes[0], max: sizes[1], step: 0.05, value: size });
    put(word, say('size'));
    put(lift, say('lift'));
    lift.type = 'button';
    lift.disabled = true;
    spoken.setAttribute('role', 'status');
    const tools = tag('div', 'fo-cover-tools', tag('label', '', word, slider), lift);
    fold.append(hint, tag('div', 'fo-covering', tag('div', 'fo-cover-left', stage, tools, spoken), answers));

    const move = (x, y) => {
      place = { x: between(0, x, 1), y: between(0, y, 1) };
      changed();
    };
    const resize = (value) => {
      size = between(sizes[0], value, sizes[1]);
      slider.value = String(size);
      changed();
    };
    const clear = () => {
      place = null;
      changed();
    };

    function changed() {
      patch.hidden = !place;
      lift.disabled = !place;
      if (place)
        Object.assign(patch.style, { left: `${100 * place.x}%`, top: `${100 * place.y}%`, width: `${100 * size}%` });
      ask();
    }

    // ---- answers
    async function ask() {
      waiting = true;
      if (busy) return;
      busy = true;
      while (waiting) {
        waiting = false;
        const value = place && [place.x, place.y, size];
        const answer = await server.cover({ ...asked, models: asked.models.map((one) => one.name), patch: value });
        if (!fold.isConnected) return;
        if (answer?.answers) show(answer);
        else if (answer?.words) put(spoken, answer.words);
      }
      busy = false;
    }

    function show(answer) {
      paint(answer.crop);
      if (!first) build(answer);
      columns.forEach((column) => fill(column, answer.answers[column.name]));
      const now = performance.now();
      times = [...times.filter((time) => now - time < 1000), now];
      fold.dataset.rate = String(times.length); // answers in the last second
      clearTimeout(quiet);
      quiet = setTimeout(() => speak(answer), QUIET);
    }

    function paint(code) {
      const grey = Uint8Array.from(atob(code), (one) => one.charCodeAt(0)),
        side = Math.round(Math.sqrt(grey.length));
      const image = new ImageData(side, side);
      grey.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
      if (sheet.width !== side) sheet.width = sheet.height = side;
      sheet.getContext('2d').putImageData(image, 0, 0);
    }

    function build(answer) {
      first = answer.answers;
      columns = asked.models
        .filter(({ name }) => first[name])
        .map(({ name, title }) => {
          const { labels, shares, made_up: own, unknown } = first[name];
          const head = tag('h4', ''),
            change = tag('p', 'fo-says'),
            list = tag('ul', 'fo-bars');
          put(head, title);
          const bars = labels.map((label, i) => bar(list, label, i, shares[i], own, unknown.includes(label)));
          answers.append(tag('div', 'fo-answer', head, change, list));
          return { name, change, bars, best: shares.indexOf(Math.max(...shares)), own };
        });
    }

    function bar(list, label, i, before, own, unknown) {
      const inner = tag('i', ''),
        mark = tag('u', ''),
        track = tag('span', 'fo-track', inner, mark),
        share = tag('span', 'fo-share'),
        name = tag('span', 'fo-label');
      put(name, named(label, own));
      name.translate = !own;
      inner.style.background = colours[label] ?? Object.values(colours)[i] ?? colours[''];
      mark.style.left = `${100 * before}%`;
      mark.hidden = unknown;
      track.setAttribute('aria-hidden', 'true');
      const row = tag('li', 'fo-bar', name, track, share);
      list.append(row);
      return { row, inner, share };
    }

    function fill({ name, change, bars, best, own }, { labels, shares }) {
      const leading = shares.indexOf(Math.max(...shares));
      bars.forEach(({ row, inner, share }, i) => {
        inner.style.width = `${100 * shares[i]}%`;
        put(share, said('{0:.2f}', [shares[i]]));
        row.classList.toggle('fo-best', i === leading);
      });
      put(change, moved(labels[best], first[name].shares[best], shares[best], own));
    }

    const moved = (label, before, after, own) =>
      place
        ? said('{0} {1:.2f} → {2:.2f}', [named(label, own), before, after])
        : said('{0} {1:.2f}', [named(label, own), after]);

    function speak({ part, answers: now }) {
      const changes = columns.map(({ name, best, own }) => {
        const title = asked.models.find((one) => one.name === name).title;
        const { labels, shares } = now[name];
        return shown(said('{0}: {1}', [title, moved(labels[best], first[name].shares[best], shares[best], own)]));
      });
      const where = part ? say('covered', said(`part.${part}`, [])) : say('nothing');
      put(spoken, [shown(where), ...changes].join(' · '));
    }

    // ---- hands
    const drag = (event) => {
      const box = stage.getBoundingClientRect();
      move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    stage.addEventListener('pointerdown', (event) => {
      if (event.button) return;
      stage.setPointerCapture(event.pointerId);
      stage.focus({ preventScroll: true });
      event.preventDefault();
      drag(event);
    });
    stage.addEventListener('pointermove', (event) => {
      if (stage.hasPointerCapture(event.pointerId)) drag(event);
    });
    stage.addEventListener('keydown', (event) => {
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const grow = { '+': 1, '=': 1, '-': -1, _: -1 }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (steps) move((place?.x ?? 0.5) + STEP * steps[0], (place?.y ?? 0.5) + STEP * steps[1]);
      else if (grow) resize(size + 0.05 * grow);
      else if (event.key === 'Escape' || event.key === 'Delete') clear();
      else return;
      event.preventDefault();
    });
    slider.addEventListener('input', () => resize(Number(slider.value)));
    lift.addEventListener('click', clear);
    changed();
  }

  const named = (label, own) => (own ? label : said(`label.${label}`, []));
};
