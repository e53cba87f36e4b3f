// Called once with the component's element; `lesson_tab.py` says how. Answers come only after a label is committed.
import { putMarkup } from '../components/markup.js';

window.faceOffLesson = (element, props, server) => {
  const { faces, labels, titles, sheet } = JSON.parse(
    JSON.stringify({ faces: props.faces, labels: props.labels, titles: props.titles, sheet: props.sheet }),
  );
  // Messages: a key and its values; `languages.js` shows them in the page's language.
  const say = (name, ...args) => ({ key: `lesson.${name}`, args }),
    put = window.faceOffPut;
  const named = (label) => ({ key: `label.${label}`, text: label });
  const root = element.firstElementChild;
  putMarkup(
    root,
    `
  <section class="fl-game fo-card"><h2 data-i18n="lesson.title"></h2><p class="fl-how" data-i18n="lesson.how"></p>
    <div class="fl-round"><div class="fl-picture"></div>
      <form><p class="fl-count"></p><fieldset><legend data-i18n="lesson.ask"></legend>${labels.map((label) => `<label><input type="radio" name="fl-label" value="${label}"><span data-i18n="label.${label}"></span></label>`).join('')}</fieldset>
        <button type="submit" class="fl-main" disabled data-i18n="lesson.commit"></button><button type="button" class="fl-main fl-next" hidden></button><p class="fl-said" role="status" aria-live="polite"></p></form></div>
    <div class="fl-reveal" hidden><div class="fo-answers"></div><div class="fl-poll"></div></div>
    <div class="fl-end" hidden></div></section>
  <div class="fl-paper fo-card">${sheet}<p class="fl-buttons"><button type="button" class="fl-print" data-i18n="lesson.print"></button></p></div>
  <details class="fl-teacher fo-card"><summary data-i18n="lesson.teacher"></summary><form><p data-i18n="lesson.teacher_how"></p>
    <p><button type="button" class="fl-off" data-i18n="lesson.off"></button></p>
    <label><span data-i18n="lesson.code"></span> <input type="password" autocomplete="off" maxlength="12"></label>
    <button type="submit" data-i18n="lesson.on"></button>
    <p class="fl-state"></p><p class="fl-wrong" role="alert" hidden></p></form></details>`,
  );
  const find = (selector) => root.querySelector(selector);
  // Random, and the same after a reload of this page: its vote is counted once.
  const voter = (() => {
    const fresh = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('');
    try {
      return (sessionStorage['face-off-voter'] ??= fresh);
    } catch {
      return fresh;
    }
  })();
  const form = find('.fl-round form'),
    commit = find('[type=submit].fl-main'),
    next = find('.fl-next');
  let at = 0,
    busy = false;
  const results = [];

  function show() {
    form.reset();
    putMarkup(find('.fl-picture'), faces[at].picture);
    put(find('.fl-count'), say('count', at + 1, faces.length));
    find('.fl-reveal').hidden = next.hidden = true;
    commit.hidden = false;
    commit.disabled = true;
    put(find('.fl-said'), '');
    find('fieldset').disabled = false;
  }
  form.addEventListener('change', () => {
    commit.disabled = busy || !form.elements['fl-label'].value;
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const label = form.elements['fl-label'].value;
    if (!label || busy) return;
    busy = commit.disabled = true;
    const answer = await server.commit({ picture: faces[at].name, label, voter });
    busy = false;
    if (!answer?.answers) {
      commit.disabled = false;
      put(find('.fl-said'), answer?.words ?? say('lost'));
      return;
    }
    find('fieldset').disabled = true;
    commit.hidden = true;
    for (const input of form.elements['fl-label']) input.checked = input.value === answer.label;
    putMarkup(find('.fl-reveal .fo-answers'), answer.answers);
    putMarkup(find('.fl-poll'), answer.poll);
    results.push({ you: answer.label, ...answer.models });
    const like = Object.keys(titles).filter((name) => answer.models[name] === answer.label).length;
    put(find('.fl-said'), say(['like_none', 'like_one', 'like_both'][like]));
    find('.fl-reveal').hidden = next.hidden = false;
    put(next, say(at + 1 < faces.length ? 'next' : 'finish'));
    next.focus();
  });
  next.addEventListener('click', () => {
    at += 1;
    if (at < faces.length) return show();
    finish();
  });

  function finish() {
    find('.fl-round').hidden = find('.fl-reveal').hidden = true;
    const names = ['you', ...Object.keys(titles)],
      heads = [say('you'), ...Object.values(titles)];
    const cell = (text, kind) => {
      const made = document.createElement(kind);
      put(made, text);
      return made;
    };
    const table = document.createElement('table'),
      head = table.createTHead().insertRow(),
      body = table.createTBody();
    head.append(...['', ...heads].map((text) => cell(text, 'th')));
    results.forEach((one, i) => {
      const row = body.insertRow(),
        first = document.createElement('th');
      putMarkup(first, faces[i].picture);
      row.append(first, ...names.map((name) => cell(named(one[name]), 'td')));
    });
    const end = find('.fl-end'),
      note = cell(say('no_right'), 'p'),
      again = cell(say('again'), 'button'),
      box = document.createElement('div');
    box.className = 'fl-scroll';
    box.append(table);
    again.type = 'button';
    again.className = 'fl-main';
    again.addEventListener('click', () => {
      at = 0;
      results.length = 0;
      end.hidden = true;
      find('.fl-round').hidden = false;
      show();
    });
    end.replaceChildren(box, note, again);
    end.hidden = false;
  }

  // ---- on paper
  // A copy of the worksheet, alone. Gradio puts its own class before every rule of a style sheet, so these are written here.
  const paper = document.createElement('div');
  paper.className = 'fl-onpaper';
  const rules = `<style>.fl-onpaper { display: none; } @media print {
  body { background: #fff !important; } body > :not(.fl-onpaper) { display: none !important; }
  .fl-onpaper { display: block; color: #000; font: 11pt/1.45 system-ui, sans-serif; }
  .fl-onpaper :is(ol, ul) { padding-left: 1.2em; } .fl-onpaper li { break-inside: avoid; } .fl-onpaper h3 small { font-weight: 400; }
  .fl-onpaper ul i { display: block; height: 2.2em; border-bottom: 1px dotted #000; }
}</style>`;
  find('.fl-print').addEventListener('click', () => {
    putMarkup(paper, rules + find('.fl-sheet').innerHTML);
    document.body.append(paper);
    window.print();
  });
  window.addEventListener('afterprint', () => paper.remove());

  // ---- the camera's switch; the server knows the code that turns it on
  const teacher = find('.fl-teacher form');
  async function turn(wish) {
    const answer = await server.camera(wish);
    put(find('.fl-state'), answer?.state ?? say('lost'));
    put(find('.fl-wrong'), answer?.words ?? '');
    find('.fl-wrong').hidden = !answer?.words;
    root.dataset.camera = answer?.on ? 'on' : 'off';
  }
  teacher.addEventListener('submit', async (event) => {
    event.preventDefault();
    const code = teacher.querySelector('input');
    await turn({ on: true, code: code.value });
    code.value = '';
  });
  find('.fl-off').addEventListener('click', () => turn({ on: false })); // by anybody, without a code
  find('.fl-teacher').addEventListener('toggle', () => find('.fl-teacher').open && turn({}));
  show();
};
