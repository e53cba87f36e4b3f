// @ts-check
// A session's rows as a file, for the user alone.

const HEADS = ['seconds', 'face', 'model', 'label', 'probability'];
/** What a spreadsheet would run as a formula. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
/** The same within a cell: some spreadsheets begin a new cell at each semicolon, tab and line break. */
const INNER = /([;\t\r\n])(?=[=+\-@＝＋－＠])/g;

/**
 * Quoted where CSV asks for it; with an apostrophe where a spreadsheet would run the text as a formula.
 * @param {string | number | undefined} value
 */
function cell(value) {
  const text = String(value ?? '');
  const inner = typeof value === 'string' ? text.replaceAll(INNER, "$1'") : text;
  const safe = typeof value === 'string' && FORMULA.test(inner) ? `'${inner}` : inner;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * @param {string} kind json or csv
 * @param {Record<string, string | number>[]} rows
 * @param {string} note what the file says about itself; JSON only
 */
export function sessionFile(kind, rows, note) {
  if (kind === 'json') return new Blob([JSON.stringify({ note, rows }, null, 1)], { type: 'application/json' });
  const lines = [HEADS, ...rows.map((row) => HEADS.map((head) => row[head]))];
  const text = lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
  return new Blob([text], { type: 'text/csv' });
}
