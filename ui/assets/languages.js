// The page in the language that ?lang=, the menu or the browser asks for. `languages.py` says how and why.
(() => {
const all = window.gradio_config?.i18n_translations ?? {};
if (!all.en) return;
const STORE = 'face-off-language', ATTRIBUTES = ['title', 'placeholder', 'aria-label', 'alt'], MOST = 3000;
// What somebody named stays as typed; Gradio's boxes take no attribute, so theirs are known by a class.
const KEPT = '[translate=no], .fo-own [data-testid=block-info], .fo-own input';
const LEFT = `script, style, textarea, ${KEPT}`;
const NUMBER = '[-−+\\d][\\d.,]*(?:[°%]| %| px)?';
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const remembered = () => { try { return localStorage.getItem(STORE); } catch { return null; } };
const remember = (code) => { try { localStorage.setItem(STORE, code); } catch { /* a private window: for this page only */ } };

let code = 'en', exact = new Map(), patterns = [], known = new Map();
const texts = new WeakMap(), attributes = new WeakMap();

function load(next) {
  code = next; exact = new Map(); patterns = []; known = new Map();
  for (const [key, english] of Object.entries(all.en)) {
    const said = all[code][key] ?? english;
    if (!/\{\d\}/.test(english)) continue;
    // A label that ends a sentence is often an element of its own: then the sentence stands alone before it.
    if (english.endsWith(' {0}')) exact.set(english.slice(0, -4), said.replace('{0}', '').trim());
    const inside = key.endsWith('_n') ? NUMBER : '.+?', own = /_(own|made)$/.test(key);
    const parts = english.split(/\{(\d)\}/).map((part, i) => (i % 2 ? `(?<p${part}>${inside})` : escaped(part)));
    patterns.push([new RegExp(`^${parts.join('')}$`, 'su'), said, english.length, own]);
  }
  for (const [key, english] of Object.entries(all.en)) exact.set(english, all[code][key] ?? english);
  patterns.sort((a, b) => b[2] - a[2]); // "Face 1 of 6" is not "Face 1"
}

function look(bare) {
  if (exact.has(bare)) return exact.get(bare);
  for (const [pattern, said, , own] of patterns) {
    const found = pattern.exec(bare);
    if (found) return said.replace(/\{(\d)\}/g, (_, i) => (own ? found.groups[`p${i}`] : say(found.groups[`p${i}`])));
  }
  const listed = bare.split(', ');
  if (listed.length > 1 && listed.every((label) => exact.has(label))) return listed.map((label) => exact.get(label)).join(', ');
  // Labels with their shares: "happy 0.96", or all of them one after the other.
  const shares = listed.map((part) => /^(.+) ([\d.]+)$/u.exec(part));
  if (shares.every((found) => found && exact.has(found[1]))) return shares.map(([, label, share]) => `${exact.get(label)} ${share}`).join(', ');
  return null;
}
function say(text) {
  const bare = text.trim();
  if (code === 'en' || !/\p{L}/u.test(bare)) return text;
  if (!known.has(bare)) { if (known.size > MOST) known.clear(); known.set(bare, look(bare)); }
  const said = known.get(bare);
  return said === null ? text : text.replace(bare, () => said);
}
window.faceOffSay = say; // for what is drawn instead of written

// What was English before is kept beside what is shown: another language, or English again, starts from it.
function renew(now, before, write) {
  const source = before && before.shown === now ? before.source : now, shown = say(source);
  if (shown !== now) write(shown);
  return { source, shown };
}
function renewText(node) {
  if (!node.parentElement?.closest(LEFT)) texts.set(node, renew(node.data, texts.get(node), (shown) => { node.data = shown; }));
}
function renewAttributes(element, names = ATTRIBUTES) {
  for (const name of names) {
    const now = element.getAttribute(name);
    if (!now || element.closest(KEPT)) continue;
    const mine = attributes.get(element) ?? {};
    mine[name] = renew(now, mine[name], (shown) => element.setAttribute(name, shown));
    attributes.set(element, mine);
  }
}
function renewAll(root) {
  if (root.nodeType === Node.TEXT_NODE) return renewText(root);
  if (root.nodeType !== Node.ELEMENT_NODE) return;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = root; node; node = walker.nextNode()) node.nodeType === Node.TEXT_NODE ? renewText(node) : renewAttributes(node);
}

const observer = new MutationObserver((changes) => {
  for (const { type, target, addedNodes, attributeName } of changes) {
    if (type === 'characterData') renewText(target);
    else if (type === 'attributes') renewAttributes(target, [attributeName]);
    else addedNodes.forEach(renewAll);
  }
});
let watching = false;
// What is chosen in a box of Gradio's is its value, of which no observer hears.
const values = new WeakMap();
setInterval(() => {
  if (watching) for (const box of document.querySelectorAll('input[readonly]')) values.set(box, renew(box.value, values.get(box), (shown) => { box.value = shown; }));
}, 400);
function choose(next) {
  if (next === code) return;
  load(next);
  document.documentElement.lang = code;
  renewAll(document.body);
  if (!watching) observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES });
  watching = true;
}

function first() {
  const asked = new URLSearchParams(location.search).get('lang');
  const wishes = [asked, remembered(), ...(navigator.languages ?? [navigator.language])];
  return wishes.map((one) => String(one ?? '').toLowerCase().split(/[-_]/)[0]).find((one) => all[one]) ?? 'en';
}
function menu(head) {
  const label = document.createElement('label'), select = document.createElement('select');
  label.className = 'fo-language'; label.append(select);
  select.setAttribute('aria-label', all.en['language.menu']);
  for (const [name, words] of Object.entries(all)) select.add(new Option(words['language.name'], name));
  for (const option of select.options) { option.lang = option.value; option.setAttribute('translate', 'no'); }
  select.value = code;
  select.addEventListener('change', () => {
    const address = new URL(location.href);
    address.searchParams.set('lang', select.value);
    history.replaceState(history.state, '', address);
    remember(select.value); choose(select.value);
  });
  head.append(label);
}
document.documentElement.lang = 'en';
choose(first());
const waiting = setInterval(() => {
  const head = document.querySelector('.fo-head');
  if (head) { clearInterval(waiting); menu(head); }
}, 50);
})();
