// Tabs, keys, links, and the start.
const TABS = ["overview", "pairs"];
function show(tab) {
  for (const name of TABS) {
    byId(name).hidden = name !== tab;
    byId("to-" + name).setAttribute("aria-selected", name === tab);
    byId("to-" + name).tabIndex = name === tab ? 0 : -1;
  }
  if (tab === "pairs") { filter(); byId("list").focus({ preventScroll: true }); }
  else { document.body.classList.remove("reading"); history.replaceState(null, "", "#"); }
}
for (const name of TABS) byId("to-" + name).onclick = () => show(name);
byId("to-overview").parentNode.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  const other = TABS.find((name) => byId(name).hidden);
  show(other);
  byId("to-" + other).focus();
});
byId("overview").addEventListener("click", (event) => {
  const chart = event.target.closest("[data-filter]");
  if (!chart) return;
  setFilter(chart.dataset.filter, chart.dataset.value);
  show("pairs");
});

// ---------------------------------------------------------------------------- keys
const toggleFold = (name) => { const fold = byId(name); if (fold) fold.open = !fold.open; };
const focus = (id) => byId(id).focus();
function toggleChoices() {
  byId("choices").hidden = !byId("choices").hidden;
  byId("more").setAttribute("aria-expanded", !byId("choices").hidden);
  if (!byId("choices").hidden) focus("region");
  draw();
}
const scrollBy = (pixels) => byId("reader").scrollBy({ top: pixels });
const page = () => byId("reader").clientHeight * 0.85;
const KEYS = { // key: what it does, and in words
  1: [() => show("overview"), "the overview"], 2: [() => show("pairs"), "the pairs"],
  j: [() => step(1), "next pair"], k: [() => step(-1), "previous pair"],
  e: [() => toggle("keep"), "keep"], d: [() => toggle("drop"), "drop"], u: [() => mark(""), "take the mark back"],
  E: [() => markAndGoOn("keep"), "keep, and go on"], D: [() => markAndGoOn("drop"), "drop, and go on"],
  n: [() => focus("note"), "write a note"],
  o: [() => toggleFold("dialogue"), "open or fold the dialogue"],
  t: [() => toggleFold("tree"), "open or fold the tree"],
  "/": [() => focus("q"), "search"], f: [toggleChoices, "filters"], s: [saveMarks, "save the marks to a file"],
  ArrowDown: [() => scrollBy(60), "scroll down"], ArrowUp: [() => scrollBy(-60), "scroll up"],
  PageDown: [() => scrollBy(page()), "a page down"], PageUp: [() => scrollBy(-page()), "a page up"],
  Home: [() => scrollBy(-1e9), "to the top"], End: [() => scrollBy(1e9), "to the end"], "?": [showKeys, "this list"],
};
const EVERYWHERE = ["1", "2", "?"];
function showKeys() {
  const rows = Object.entries(KEYS).map(([key, [, words]]) =>
    make("tr", {}, make("td", {}, make("kbd", {}, key.replace("Arrow", ""))), make("td", {}, words)));
  ask("Keys", box("table", "keys", make("tbody", {}, rows)));
}
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT)$/.test(event.target.tagName);
  if (typing && (event.key === "Escape" || event.key === "Enter") && !byId("dialog").open) {
    event.preventDefault();
    focus("list");
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || byId("dialog").open) return;
  const [act] = KEYS[event.key] ?? [];
  if (!act || (byId("pairs").hidden && !EVERYWHERE.includes(event.key))) return;
  event.preventDefault();
  act();
});

// ---------------------------------------------------------------------------- buttons
function saveMarks() {
  save();
  marked();
}
const changedMarks = () => { marked(); filter(); };
byId("help").onclick = showKeys;
byId("more").onclick = toggleChoices;
byId("back").onclick = () => { document.body.classList.remove("reading"); reveal(); };
byId("previous").onclick = () => step(-1);
byId("next").onclick = () => step(1);
for (const wish of WISHES) byId(wish).onclick = () => toggle(wish);
byId("note").oninput = (event) => {
  put(pairs[current], { note: event.target.value });
  marked();
};
byId("download").onclick = saveMarks;
byId("load").onclick = () => byId("file").click();
byId("file").onchange = async (event) => {
  const [file] = event.target.files;
  if (file) await read(file, changedMarks);
  event.target.value = ""; // the same file can be read again
};
byId("agreement").onclick = () => showAgreement(() => { setFilter("yours", "differ"); filter(); });
byId("list").addEventListener("scroll", draw);
addEventListener("resize", draw);
byId("filters").addEventListener("input", (event) => filter({ first: event.target.id === "sort" }));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("storage", (event) => { if (event.key === KEY) { recall(); marked(); } });

// ---------------------------------------------------------------------------- links, and the start
// The place of the pair that the address names; -1 where it names none.
function linked() {
  try { return placeOf.get(decodeURIComponent(location.hash.slice(1))) ?? -1; } catch { return -1; /* none of ours */ }
}
function follow() {
  const place = linked();
  if (place < 0 || (place === current && !byId("pairs").hidden)) return;
  current = place;
  if (!pairs.filter(passing()).includes(pairs[place])) byId("filters").reset();
  document.body.classList.add("reading");
  show("pairs");
}
addEventListener("hashchange", follow);
if (linked() >= 0) follow(); else show("overview");
drawBar();
let drawnAt = 0; // results come in while texts are read, but not so often that it disturbs
readAll(wantedNow, () => {
  const over = ready === pairs.length;
  if (wantedNow() && (over || performance.now() - drawnAt > 200)) { filter(); drawnAt = performance.now(); }
});
