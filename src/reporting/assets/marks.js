// What its reader thinks of each pair: keep or drop, and a note. Kept by the browser, and in files.
const KEY = "proutt-marks " + location.pathname + " " + document.title;
const WISHES = ["keep", "drop"];
let marks = {}; // by the pair's name: {mark, note}
let saved = {}; // the same as they were when last written to a file or read from one

const isObject = (value) => Boolean(value) && typeof value === "object" && !Array.isArray(value);
const isMark = (mark) => isObject(mark) && [mark.mark ?? "", mark.note ?? ""].every((part) => typeof part === "string");
// What the browser keeps under a name; null where it keeps nothing, or what another program has put there.
function stored(key) {
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(key)); } catch { /* a page from a file may have no storage */ }
  return isObject(kept) ? Object.fromEntries(Object.entries(kept).filter(([, mark]) => isMark(mark))) : null;
}
function keep() {
  try {
    localStorage.setItem(KEY, JSON.stringify(marks));
    localStorage.setItem(KEY + " saved", JSON.stringify(saved));
  } catch { /* they stay until the page is closed */ }
}
function recall() {
  marks = stored(KEY) ?? marks;
  saved = stored(KEY + " saved") ?? saved;
}
recall();

const markOf = (pair) => marks[pair.name]?.mark ?? "";
const noteOf = (pair) => marks[pair.name]?.note ?? "";
const same = (one, other) => (one?.mark ?? "") === (other?.mark ?? "") && (one?.note ?? "") === (other?.note ?? "");
const here = (some) => Object.keys(some).filter((name) => placeOf.has(name));
// The names of pairs whose marks are in no file as they are now.
const unsaved = () => here({ ...saved, ...marks }).filter((name) => !same(marks[name], saved[name]));

function put(pair, change) {
  recall(); // another tab may have marked others
  const mark = { ...marks[pair.name], ...change };
  if (mark.mark || mark.note) marks[pair.name] = mark; else delete marks[pair.name];
  keep();
}

// ---------------------------------------------------------------------------- files
const asLine = (name, { mark = "", note = "" }) => {
  const { id, item } = pairs[placeOf.get(name)];
  return `{"sample_id":${id},"item_id":${item},${JSON.stringify({ mark, note }).slice(1)}\n`;
};
// The name that a line of a file is for: as it is written there, where a pair is called so.
const WRITTEN = /^\s*\{\s*"sample_id"\s*:\s*(.+?)\s*,\s*"item_id"\s*:\s*(.+?)\s*,\s*"mark"/;
function nameIn(line, sample_id, item_id) {
  const written = WRITTEN.exec(line), name = written && `[${written[1]},${written[2]}]`;
  return placeOf.has(name) ? name : JSON.stringify([sample_id, item_id]);
}
function save() {
  const lines = here(marks).map((name) => asLine(name, marks[name]));
  const url = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
  make("a", { href: url, download: "marks.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  saved = { ...marks };
  keep();
}
// The marks in a text of such lines, by name; null where a line is none.
function marksIn(text) {
  const read = {};
  for (const line of text.split("\n").filter((line) => line.trim())) {
    try {
      const { sample_id, item_id, mark = "", note = "" } = JSON.parse(line);
      if (sample_id === undefined || item_id === undefined || !isMark({ mark, note })) return null;
      if (mark || note) read[nameIn(line, sample_id, item_id)] = { mark, note };
    } catch { return null; }
  }
  return read;
}
// Take marks of a file as one's own; where both have one, the file's counts.
function adopt(read) {
  recall();
  marks = { ...marks, ...read };
  saved = { ...saved, ...read };
  keep();
}

addEventListener("beforeunload", (event) => { if (unsaved().length) event.preventDefault(); });
