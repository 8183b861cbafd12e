"use strict";
// Every text of the data enters the page as a text node, never as HTML.
const byId = (id) => document.getElementById(id);
const make = (name, options = {}, ...children) => {
  const node = Object.assign(document.createElement(name), options);
  node.append(...children.filter((child) => child !== null));
  return node;
};

const index = JSON.parse(byId("index").textContent); // [id, item, region, view, category, tags, title] of each pair
const lines = byId("pairs").textContent.trim().split("\n"); // one JSON text each, parsed when it is shown
const KEY = "proutt-marks " + document.title;
const HEIGHT = 52; // pixels of a row, as the style sheet has it
let marks = {}, shown = [], current = -1;
try { marks = JSON.parse(localStorage.getItem(KEY)) || {}; } catch { /* a page from a file may have no storage */ }
const nameOf = (place) => JSON.stringify([index[place][0], index[place][1]]);

// ---------------------------------------------------------------------------- filters
const choices = { region: 2, view: 3, category: 4 };
for (const [id, column] of Object.entries(choices)) {
  const values = [...new Set(index.map((row) => row[column]))].sort();
  byId(id).append(...["", ...values].map((value) => make("option", { value, textContent: value || "all" })));
}
const tags = [...new Set(index.flatMap((row) => row[5]))].sort();
byId("tag").append(...[["", "all"], ["any", "any"], ["none", "none"], ...tags.map((tag) => [tag, tag])]
  .map(([value, textContent]) => make("option", { value, textContent })));

function passes(place) {
  const row = index[place];
  for (const [id, column] of Object.entries(choices)) if (byId(id).value && row[column] !== byId(id).value) return false;
  const tag = byId("tag").value, yours = byId("yours").value, mark = (marks[nameOf(place)] || {}).mark;
  if (tag === "any" ? !row[5].length : tag === "none" ? row[5].length : tag && !row[5].includes(tag)) return false;
  if (yours && (yours === "open" ? mark : mark !== yours)) return false;
  return true;
}
function filter() {
  const wanted = byId("q").value.toLowerCase();
  const words = JSON.stringify(wanted).slice(1, -1).replaceAll("<", "\\u003c");
  shown = index.map((_, place) => place).filter((place) => passes(place) && (!wanted || lines[place].toLowerCase().includes(words)));
  byId("count").textContent = `${shown.length.toLocaleString()} of ${index.length.toLocaleString()} pairs`;
  byId("rows").style.height = shown.length * HEIGHT + "px";
  byId("list").scrollTop = 0;
  draw();
  open(shown.includes(current) ? current : shown[0] ?? -1);
}

// ---------------------------------------------------------------------------- the list: only rows in sight exist
function draw() {
  const list = byId("list"), first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 5);
  const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / HEIGHT) + 10);
  byId("rows").replaceChildren(...shown.slice(first, last).map((place, number) => {
    const row = index[place], mark = (marks[nameOf(place)] || {}).mark || "";
    const node = make("div", { className: "row " + mark, id: "row-" + place, onclick: () => open(place) },
      make("div", { className: "t", textContent: row[6] }),
      make("small", { textContent: `${row[0]} · ${row[2]} · ${row[3]} · ${row[4]}${row[5].length ? " · ⚑ " + row[5].length : ""}` }));
    node.style.top = (first + number) * HEIGHT + "px";
    node.setAttribute("role", "option");
    node.setAttribute("aria-selected", place === current);
    return node;
  }));
  if (current >= 0) list.setAttribute("aria-activedescendant", "row-" + current);
}

// ---------------------------------------------------------------------------- one pair
const bubble = (kind, label, text) => make("div", { className: "turn " + kind }, make("b", { textContent: label }), text);
function treeOf(value) {
  const list = make("ul", { className: "tree" });
  for (const [name, part] of Object.entries(value))
    list.append(part && typeof part === "object" ? make("li", {}, name, treeOf(part)) : make("li", {}, `${name}: ${part}`));
  return list;
}
// The words of a text that the other side does not have, marked.
function marked(text, other, kind) {
  const words = (said) => said.match(/[\u3400-\u9fff]|[\p{L}\p{N}]+|[^\p{L}\p{N}]/gu) || [];
  const theirs = new Set(words(other)), node = make("p");
  for (const word of words(text)) node.append(theirs.has(word) ? word : make(kind, { textContent: word }));
  node.normalize();
  return node;
}
function sideOf(name, side, other, pair) {
  const kind = name === "chosen" ? "ins" : "del", node = make("div", { className: "side " + name }, make("h2", { textContent: name }));
  node.append(make("h3", { textContent: "category: " + side.category }), marked(side.reason, other.reason, kind));
  if (side.wrong.length) node.append(make("h3", { textContent: "wrong paths" }), ...side.wrong.map((path) => make("p", { textContent: path })));
  for (const view of ["mining", "exploration"]) {
    node.append(make("h3", { textContent: view + " view" }), marked(side[view].reasoning, other[view].reasoning, kind));
    node.append(make("ol", {}, ...side[view].predictions.map((text, place) => make("li", {}, marked(text, other[view].predictions.join(" "), kind),
      side[view].similarity[place] === null ? null : make("small", { textContent: "similarity " + side[view].similarity[place] })))));
  }
  return node;
}
function open(place) {
  current = place;
  draw();
  if (place < 0) { byId("pair").replaceChildren("No pair passes the filters."); return; }
  const pair = JSON.parse(lines[place]), name = nameOf(place), mark = marks[name] || {};
  history.replaceState(null, "", "#" + encodeURIComponent(name));
  const setMark = (wish) => { put(name, { ...marks[name], mark: wish }); };
  const note = make("textarea", { value: mark.note || "", rows: 1, ariaLabel: "note", placeholder: "note", onchange: (event) => put(name, { ...marks[name], note: event.target.value }) });
  byId("pair").replaceChildren(
    make("h2", { textContent: `${index[place][0]}, item ${index[place][1]} · ${pair.region} · best similarity ${pair.top_sim}` }),
    make("p", {}, ...["keep", "drop"].map((wish) => {
      const button = make("button", { type: "button", textContent: wish, onclick: () => setMark(mark.mark === wish ? "" : wish) });
      button.setAttribute("aria-pressed", mark.mark === wish);
      return button;
    }), " ", note, " ", make("small", { textContent: mark.mark ? "marked: " + mark.mark : "" })),
    make("p", {}, ...pair.tags.map((tag) => make("span", { className: "tag", title: tag.evidence, textContent: `${tag.tag}${tag.side ? " (" + tag.side + ")" : ""}: ${tag.evidence}` }))),
    make("h3", { textContent: "dialogue" }), ...pair.context.map(([role, text]) => bubble(role, role, text)),
    bubble("user real", "really said next", pair.utterance),
    make("h3", { textContent: "intent tree" }), treeOf(pair.tree),
    make("h3", { textContent: `true view: ${pair.view}` }), ...pair.paths.map((path) => make("p", { textContent: path })),
    make("div", { className: "sides" }, sideOf("chosen", pair.chosen, pair.rejected, pair), sideOf("rejected", pair.rejected, pair.chosen, pair)));
}

// ---------------------------------------------------------------------------- marks
function put(name, mark) {
  if (mark.mark || mark.note) marks[name] = mark; else delete marks[name];
  try { localStorage.setItem(KEY, JSON.stringify(marks)); } catch { /* they stay until the page is closed */ }
  open(current);
}
byId("download").onclick = () => {
  const told = Object.entries(marks).map(([name, mark]) => {
    const [sample_id, item_id] = JSON.parse(name);
    return JSON.stringify({ sample_id, item_id, mark: mark.mark || "", note: mark.note || "" });
  });
  const url = URL.createObjectURL(new Blob([told.map((line) => line + "\n").join("")], { type: "application/x-ndjson" }));
  make("a", { href: url, download: "marks.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};

// ---------------------------------------------------------------------------- keys, links, start
function step(by) {
  const at = shown.indexOf(current) + by;
  if (at < 0 || at >= shown.length) return;
  const list = byId("list"), top = at * HEIGHT;
  if (top < list.scrollTop || top + HEIGHT > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2;
  open(shown[at]);
}
const KEYS = { j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  d: () => put(nameOf(current), { ...marks[nameOf(current)], mark: "drop" }),
  e: () => put(nameOf(current), { ...marks[nameOf(current)], mark: "keep" }),
  u: () => put(nameOf(current), { ...marks[nameOf(current)], mark: "" }) };
document.addEventListener("keydown", (event) => {
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (KEYS[event.key] && current >= 0) { event.preventDefault(); KEYS[event.key](); }
});
byId("list").addEventListener("scroll", draw);
byId("filters").addEventListener("input", filter);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
const wanted = decodeURIComponent(location.hash.slice(1));
current = index.findIndex((_, place) => nameOf(place) === wanted);
filter();
