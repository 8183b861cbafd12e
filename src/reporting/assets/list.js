// The list: only rows in sight exist.
const HEIGHT = 60; // pixels of a row, as the style sheet has it
let current = pairs.length ? 0 : -1; // the place of the pair that is open

const chip = (text, className = "", title = "") => make("span", { className: "chip " + className, title }, text);
const flagChip = ([tag, times]) => chip(times > 1 ? `${tag} × ${times}` : tag, "flag");
const figureOf = (value) => (typeof value === "number" ? value.toFixed(2) : "–");

function rowOf(pair, at) {
  const wish = markOf(pair), theirs = secondOf(pair), more = pair.flags.slice(1).map(([tag]) => tag);
  const told = [
    chip(`${pair.region} ${figureOf(pair.similarity)}`, "region " + pair.region, "region and best similarity"),
    ...pair.flags.slice(0, 1).map(flagChip),
    more.length ? chip(`+${more.length}`, "flag", more.join(", ")) : null,
    noteOf(pair) ? chip("note", "", noteOf(pair)) : null,
    theirs ? chip(`2nd: ${theirs}`, differ(pair) ? "drop" : "") : null,
    wish ? chip(wish, wish) : null,
  ];
  const node = make("div", { className: "row " + wish, id: "row-" + pair.place, onclick: () => open(pair.place, true) },
    box("div", "first", pair.title), box("div", "chips", told));
  node.style.top = at * HEIGHT + "px";
  node.setAttribute("role", "option");
  node.setAttribute("aria-setsize", shown.length);
  node.setAttribute("aria-posinset", at + 1);
  node.setAttribute("aria-selected", pair.place === current);
  return node;
}
function draw() {
  const list = byId("list"), first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 5);
  const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / HEIGHT) + 10);
  byId("rows").style.height = shown.length * HEIGHT + "px";
  byId("rows").replaceChildren(...shown.slice(first, last).map((pair, at) => rowOf(pair, first + at)));
  if (current >= 0) list.setAttribute("aria-activedescendant", "row-" + current);
  else list.removeAttribute("aria-activedescendant");
}
const at = () => shown.findIndex((pair) => pair.place === current);
// Scroll the list to where the current pair is in sight.
function reveal() {
  const list = byId("list"), top = at() * HEIGHT, seen = list.scrollTop;
  if (top < seen || top + HEIGHT > seen + list.clientHeight) list.scrollTop = Math.max(0, top - list.clientHeight / 2);
  draw();
}
function drawCount() {
  const reading = wantedNow() && ready < pairs.length ? `, ${ready.toLocaleString()} searched` : "";
  byId("count").textContent = `${shown.length.toLocaleString()} of ${pairs.length.toLocaleString()} pairs${reading}`;
}
// Make the list anew for what is chosen. What is open stays, unless it is not in the list or its `first` is wished for.
function filter({ first = false } = {}) {
  choose();
  drawCount();
  const stays = !first && at() >= 0;
  if (!stays) byId("list").scrollTop = 0;
  open(stays ? current : shown[0]?.place ?? -1);
  reveal();
}

// ---------------------------------------------------------------------------- the bar
function drawBar() {
  const pair = pairs[current], place = at(), done = pairs.filter(markOf).length, open = unsaved().length;
  for (const wish of WISHES) {
    byId(wish).setAttribute("aria-pressed", Boolean(pair) && markOf(pair) === wish);
    byId(wish).disabled = !pair;
  }
  const note = byId("note");
  note.disabled = !pair;
  if (note.value !== (pair ? noteOf(pair) : "")) note.value = pair ? noteOf(pair) : "";
  byId("previous").disabled = place <= 0;
  byId("next").disabled = place < 0 || place >= shown.length - 1;
  byId("marked").textContent = `${done.toLocaleString()} of ${pairs.length.toLocaleString()} marked`;
  byId("unsaved").textContent = open ? `● ${open.toLocaleString()} not saved` : "";
  byId("progress").firstChild.style.width = (100 * done) / Math.max(1, pairs.length) + "%";
  byId("agreement").hidden = !second;
  if (second) byId("agreement").textContent = kappaInWords(agreement());
}
// After a change of marks: everything that shows them.
function marked() {
  draw();
  drawBar();
}
// Mark the open pair. Where the list shows marks, it may leave it, and the one that comes after it takes its place.
function mark(wish) {
  const before = at();
  if (before < 0) return;
  put(pairs[current], { mark: wish });
  marked();
  if (!valueOf("yours")) return;
  choose();
  if (at() < 0 && shown.length) current = shown[Math.min(before, shown.length - 1)].place;
  filter();
}
const toggle = (wish) => mark(markOf(pairs[current]) === wish ? "" : wish);
function markAndGoOn(wish) {
  const marked = current;
  mark(wish);
  if (current === marked) step(1);
}
function step(by) {
  const next = shown[at() + by];
  if (!next) return;
  open(next.place);
  reveal();
}
