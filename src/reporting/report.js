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
const KEY = "proutt-marks " + location.pathname + " " + document.title;
const HEIGHT = 52; // pixels of a row, as the style sheet has it
let marks = {}, shown = [], current = -1, texts = null;
const nameOf = (place) => JSON.stringify([index[place][0], index[place][1]]);
const names = new Set(index.map((_, place) => nameOf(place)));
function recall() {
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(KEY)); } catch { /* a page from a file may have no storage, or others' */ }
  if (!kept || typeof kept !== "object" || Array.isArray(kept)) return;
  const isMark = (mark) => mark && typeof mark === "object" && [mark.mark ?? "", mark.note ?? ""].every((part) => typeof part === "string");
  marks = Object.fromEntries(Object.entries(kept).filter(([, mark]) => isMark(mark)));
}
recall();

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
// What can be searched of a pair: its id and its texts, not the names of their fields. Made when first searched.
function textsOf(value, inTree = false) {
  if (typeof value === "string") return [value];
  if (!value || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([name, part]) => [...(inTree ? [name] : []), ...textsOf(part, inTree || name === "tree")]);
}
function filter() {
  const wanted = byId("q").value.toLowerCase();
  if (wanted) texts ??= lines.map((line, place) => [String(index[place][0]), ...textsOf(JSON.parse(line))].join("\n").toLowerCase());
  shown = index.map((_, place) => place).filter((place) => passes(place) && (!wanted || texts[place].includes(wanted)));
  byId("count").textContent = `${shown.length.toLocaleString()} of ${index.length.toLocaleString()} pairs`;
  byId("rows").style.height = shown.length * HEIGHT + "px";
  open(shown.includes(current) ? current : shown[0] ?? -1);
  reveal();
}
// Scroll the list to where the current pair is in sight.
function reveal() {
  const list = byId("list"), top = shown.indexOf(current) * HEIGHT;
  if (top < list.scrollTop || top + HEIGHT > list.scrollTop + list.clientHeight) list.scrollTop = Math.max(0, top - list.clientHeight / 2);
  draw();
}

// ---------------------------------------------------------------------------- the list: only rows in sight exist
function draw() {
  const list = byId("list"), first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 5);
  const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / HEIGHT) + 10);
  byId("rows").replaceChildren(...shown.slice(first, last).map((place, number) => {
    const row = index[place], mark = (marks[nameOf(place)] || {}).mark || "";
    const node = make("div", { className: "row " + mark, id: "row-" + place, onclick: () => open(place) },
      make("div", { className: "t", textContent: row[6] }),
      make("small", { title: row[5].join(", "), textContent: `${mark ? mark + " · " : ""}${row[0]} · ${row[2]} · ${row[3]} · ${row[4]}${row[5].length ? " · ⚑ " + row[5].length : ""}` }));
    node.style.top = (first + number) * HEIGHT + "px";
    node.setAttribute("role", "option");
    node.setAttribute("aria-setsize", shown.length);
    node.setAttribute("aria-posinset", first + number + 1);
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
// The words of a text that are not, in this order, in the other side's, marked: by the longest common subsequence.
const LONGEST_COMPARED = 1500; // words; beyond, a text is shown without marks
function marked(text, other, kind) {
  const words = (said) => said.match(/[\u3040-\u30ff\u3400-\u9fff]|[\p{L}\p{N}]+ ?|[^\p{L}\p{N}]/gu) || [];
  const ours = words(text), theirs = words(other), node = make("p");
  if (text === other || Math.max(ours.length, theirs.length) > LONGEST_COMPARED) { node.append(text); return node; }
  const width = theirs.length + 1, common = new Uint16Array((ours.length + 1) * width);
  for (let a = ours.length - 1; a >= 0; a--)
    for (let b = theirs.length - 1; b >= 0; b--)
      common[a * width + b] = ours[a] === theirs[b] ? common[(a + 1) * width + b + 1] + 1 : Math.max(common[(a + 1) * width + b], common[a * width + b + 1]);
  let run = "";
  const flush = () => { if (run) node.append(make(kind, { textContent: run })); run = ""; };
  for (let a = 0, b = 0; a < ours.length; a++) {
    while (b < theirs.length && ours[a] !== theirs[b] && common[a * width + b + 1] >= common[(a + 1) * width + b] && common[a * width + b + 1] === common[a * width + b]) b++;
    if (b < theirs.length && ours[a] === theirs[b]) { flush(); node.append(ours[a]); b++; } else run += ours[a];
  }
  flush();
  node.normalize();
  return node;
}
const ofView = (side, view, place) => side[view].predictions[place] ?? "";
function judgedOf(judged) {
  if (!judged) return null;
  const scores = ["grounding", "path_consistency", "plausibility"].map((name) => `${name.replace("_", " ")} ${judged[name]}`);
  return make("p", {}, make("small", { textContent: `judge: best similarity ${judged.similarity}, score ${judged.score} (${scores.join(", ")}). ${judged.reasoning}` }));
}
function sideOf(name, side, other, pair) {
  const kind = name === "chosen" ? "ins" : "del", node = make("div", { className: "side " + name }, make("h2", { textContent: name }));
  if (side.judged) node.append(judgedOf(side.judged));
  node.append(make("h3", { textContent: "category: " + side.category }), marked(side.reason, other.reason, kind));
  if (side.wrong.length) node.append(make("h3", { textContent: "wrong paths" }), ...side.wrong.map((path) => make("p", { textContent: path })));
  for (const view of ["mining", "exploration"]) {
    node.append(make("h3", { textContent: view + " view" }), marked(side[view].reasoning, other[view].reasoning, kind));
    node.append(make("ol", {}, ...side[view].predictions.map((text, place) => make("li", {}, marked(text, ofView(other, view, place), kind),
      make("small", { textContent: [side[view].paths[place] ? "along " + side[view].paths[place] : "", side[view].similarity[place] === null ? "" : "similarity " + side[view].similarity[place]].filter(Boolean).join(" · ") })))));
  }
  return node;
}
function open(place) {
  current = place;
  draw();
  if (place < 0) { byId("pair").replaceChildren("No pair passes the filters."); return; }
  const pair = JSON.parse(lines[place]), name = nameOf(place), mark = marks[name] || {};
  history.replaceState(null, "", "#" + encodeURIComponent(name));
  const note = make("textarea", { value: mark.note || "", rows: 1, ariaLabel: "note", placeholder: "note", oninput: (event) => put(name, { note: event.target.value }) });
  const margin = typeof pair.margin === "number" ? ` · margin ${pair.margin}` : "";
  byId("pair").replaceChildren(
    make("h2", { id: "title", textContent: `${index[place][0]}, item ${index[place][1]} · ${pair.region} · best similarity ${pair.top_sim}${margin}` }),
    make("p", {}, ...["keep", "drop"].map((wish) => make("button", { type: "button", id: wish, textContent: wish, onclick: () => put(name, { mark: (marks[name] || {}).mark === wish ? "" : wish }) })), " ", note),
    make("p", {}, ...pair.tags.map((tag) => make("span", { className: "tag", title: tag.evidence, textContent: `${tag.tag}${tag.side ? " (" + tag.side + ")" : ""}: ${tag.evidence}` }))),
    make("h3", { textContent: "dialogue" }), ...pair.context.map(([role, text]) => bubble(role, role, text)),
    bubble("user real", "really said next", pair.utterance),
    make("h3", { textContent: "intent tree" }), treeOf(pair.tree),
    make("h3", { textContent: `true view: ${pair.view}` }), ...pair.paths.map((path) => make("p", { textContent: path })),
    make("div", { className: "sides" }, sideOf("chosen", pair.chosen, pair.rejected, pair), sideOf("rejected", pair.rejected, pair.chosen, pair)));
  byId("said").textContent = `${index[place][0]}, ${shown.indexOf(place) + 1} of ${shown.length}. Really said next: ${pair.utterance.slice(0, 200)}`;
  press();
}
// The buttons as the pair is marked. Nothing is made anew, so that a click behind a note still finds its button.
function press() {
  for (const wish of ["keep", "drop"]) byId(wish)?.setAttribute("aria-pressed", (marks[nameOf(current)] || {}).mark === wish);
}

// ---------------------------------------------------------------------------- marks
function put(name, change) {
  recall(); // another tab may have marked others
  const mark = { ...marks[name], ...change };
  if (mark.mark || mark.note) marks[name] = mark; else delete marks[name];
  try { localStorage.setItem(KEY, JSON.stringify(marks)); } catch { /* they stay until the page is closed */ }
  draw();
  press();
  if ("mark" in change && byId("yours").value) {
    const at = shown.indexOf(current); // the pair that comes after this one takes its place
    filter();
    if (at > 0 && shown.length) { open(shown[Math.min(at, shown.length - 1)]); reveal(); }
  }
}
addEventListener("storage", (event) => { if (event.key === KEY) { recall(); draw(); press(); } });
byId("download").onclick = () => {
  const told = Object.entries(marks).filter(([name]) => names.has(name)).map(([name, mark]) => {
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
  open(shown[at]);
  reveal();
  if (byId("pair").getBoundingClientRect().top < 0) byId("pair").scrollIntoView();
}
const KEYS = { j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  d: () => put(nameOf(current), { mark: "drop" }), e: () => put(nameOf(current), { mark: "keep" }), u: () => put(nameOf(current), { mark: "" }) };
document.addEventListener("keydown", (event) => {
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (KEYS[event.key] && current >= 0) { event.preventDefault(); KEYS[event.key](); }
});
byId("list").addEventListener("scroll", draw);
byId("filters").addEventListener("input", filter);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
// The pair that the address names; -1 where it names none.
function linked() {
  let name = "";
  try { name = decodeURIComponent(location.hash.slice(1)); } catch { /* no name of ours */ }
  return index.findIndex((_, place) => nameOf(place) === name);
}
addEventListener("hashchange", () => { const place = linked(); if (place >= 0 && place !== current) follow(place); });
function follow(place) {
  if (!shown.includes(place)) { byId("filters").reset(); current = place; filter(); } else { open(place); reveal(); }
  byId("pair").scrollIntoView();
}
const named = current = linked();
filter();
if (named >= 0) byId("pair").scrollIntoView();
