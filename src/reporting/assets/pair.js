// One pair: what was really said next, both lists of predictions, the categories, and both reasonings row by row.
const SIDES = ["chosen", "rejected"];
const VIEWS = ["mining", "exploration"];
const DIFFERS = { chosen: "more", rejected: "less" }; // how words of only one side are painted
const folds = { dialogue: false, tree: false }; // which stay open from pair to pair
const TRUE_VIEW = "the view that what was really said belongs to";
const NOT_UNPACKED = "The texts cannot be unpacked: this page needs a browser of 2023 or later.";
let opening = 0;

const titled = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const flagsOn = (texts, side) => texts.flags.filter((flag) => !SIDES.includes(flag.side) || flag.side === side);
// A text with its flags and what is searched for, and with further ranges.
function shownText(text, flags, ranges = []) {
  return painted(text, [...ranges, ...flagged(text, flags), ...wantedIn(text, wantedNow())]);
}

// A text that is cut after some lines until it is asked for; `settle` gives those that are too long their button.
const cut = (inside) => make("div", {}, box("div", "cut", inside));
function settle(node) {
  for (const text of node.querySelectorAll(".cut")) {
    if (text.scrollHeight <= text.clientHeight + 2) continue;
    const more = make("button", { type: "button", className: "plain" }, "all of it");
    more.onclick = () => { text.classList.add("whole"); more.remove(); };
    text.after(more);
  }
}

// ---------------------------------------------------------------------------- above the sides
function flagsOf(tag, times, flags) {
  const told = flags.filter((flag) => flag.tag === tag);
  const evidence = told.map(({ side, evidence: said }) => (side ? `${side}: ${said ?? ""}` : String(said ?? "")));
  const list = make("ul", {}, [...new Set(evidence)].map((text) => make("li", {}, text)));
  return box("details", "flags", make("summary", {}, flagChip([tag, times])), list);
}
function headOf(pair, texts) {
  const told = (name, value) => make("span", {}, name + " ", make("b", {}, value));
  return make("header", {},
    make("span", { id: "position" }, `${(at() + 1).toLocaleString()} of ${shown.length.toLocaleString()}`),
    chip(pair.region, "region " + pair.region, "region"),
    told("best similarity", figureOf(pair.similarity)),
    typeof pair.margin === "number" ? told("margin", figureOf(pair.margin)) : null,
    told("true view", pair.view.toLowerCase()),
    pair.flags.map(([tag, times]) => flagsOf(tag, times, texts.flags)),
    box("small", "id", `${shownId(pair)}, item ${pair.item}`));
}
function foldOf(name, key, told, inside) {
  const summary = make("summary", {}, make("b", {}, titled(name)), make("kbd", {}, key), make("span", {}, told));
  const node = make("details", { className: "fold", id: name, open: folds[name] }, summary, inside);
  node.addEventListener("toggle", () => { folds[name] = node.open; });
  return node;
}
function turnOf([role, text]) {
  return box("div", "turn " + (role === "user" ? "user" : "other"), make("small", {}, role), shownText(text, []));
}
function treeOf(value) {
  const leafOf = (name, part) => [name + ": ", make("span", {}, String(part))];
  const isNode = (part) => part && typeof part === "object";
  return box("ul", "tree", Object.entries(value).map(([name, part]) =>
    make("li", {}, isNode(part) ? [make("b", {}, name), treeOf(part)] : leafOf(name, part))));
}
function foldsOf(texts) {
  const last = texts.context.at(-1)?.[1] ?? "", topics = Object.keys(texts.tree).join(", ");
  const turns = `${texts.context.length} turns; last: ${last.slice(0, 200)}`;
  return box("div", "folds",
    foldOf("dialogue", "o", turns, texts.context.map(turnOf)),
    foldOf("tree", "t", topics.slice(0, 200), texts.misread ? treesOf(texts) : treeOf(texts.tree)));
}
// The tree of each side, and what the rejected one takes the dialogue to have ended in.
function treesOf({ tree, misread }) {
  const under = (title, value) => [make("h3", {}, title), treeOf(value)];
  const imagined = [make("h3", {}, "As if the dialogue ended so"), misread.context.map(turnOf)];
  return box("div", "trees", under("Chosen", tree), under("Rejected", misread.tree),
    misread.context.length ? imagined : null);
}
function saidOf(texts) {
  const flags = texts.flags.filter((flag) => !flag.side);
  return box("section", "said", make("h3", {}, "Really said next"), cut(shownText(texts.utterance, flags)));
}

// ---------------------------------------------------------------------------- predictions
function predictionOf({ text, similarity, why, path }, flags, again) {
  const known = typeof similarity === "number", figure = figureOf(similarity);
  const meter = make("span", { className: "meter", title: why ?? "" }, make("i"), make("b", {}, figure));
  if (known) meter.setAttribute("aria-label", `similarity ${figure}`);
  meter.style.setProperty("--share", known ? Math.min(1, Math.max(0, similarity)) : 0);
  const along = path ? make("small", {}, "along ", shownText(path, flags)) : null;
  return box("li", again ? "again" : "", cut(shownText(text, flags)), meter, along);
}
// A view's heading and its predictions on one side.
function viewOf(view, name, texts, pair, rows) {
  const [ours, theirs] = [name, SIDES.find((one) => one !== name)].map((side) => texts[side][view].predictions);
  const same = ours.every((one, place) => one.text === theirs[place]?.text);
  const along = ours.some((one) => one.path) && `rewritten along ${name === "chosen" ? "true" : "wrong"} paths`;
  const told = [view + " view", along, same && "the same on both sides"].filter(Boolean).join(" · ");
  const list = make("ol", { ariaLabel: `predictions of the ${view} view` });
  list.append(...ours.map((one) => predictionOf(one, flagsOn(texts, name), same)));
  list.style.setProperty("--rows", rows);
  const heading = make("h3", {}, titled(told));
  if (pair.view.toLowerCase() === view) Object.assign(heading, { className: "true", title: TRUE_VIEW });
  return [heading, list];
}
// Both sides in equal rows, so that a prediction stands beside that of the other side.
function predictionsOf(texts, pair) {
  const rows = VIEWS.map((view) => Math.max(...SIDES.map((side) => texts[side][view].predictions.length)));
  const sides = SIDES.map((name) => {
    const score = texts[name].judged?.score, known = typeof score === "number";
    return make("section", { className: "side-of " + name, ariaLabel: name },
      make("h2", {}, titled(name), known ? box("span", "score", `judge ${figureOf(score)} of 5`) : null),
      VIEWS.map((view, place) => viewOf(view, name, texts, pair, rows[place])));
  });
  const node = box("div", "sides", sides);
  node.style.setProperty("--rows", rows.reduce((sum, count) => sum + count, 1 + VIEWS.length));
  return node;
}

// ---------------------------------------------------------------------------- reasonings
// A row of what each side has; `cells` has an element for each.
function sideBySide(title, cells) {
  return box("div", "both", title ? make("h3", {}, titled(title)) : null, cells);
}
// A row of texts: what differs is painted, and what is the same stands there once.
function textsInRow(title, said, texts) {
  if (said[0] === said[1]) {
    const once = box("p", "once", shownText(said[0], texts.flags));
    return sideBySide(title, [make("small", {}, "the same on both sides"), once]);
  }
  return sideBySide(title, SIDES.map((side, at) =>
    box("p", side, shownText(said[at], flagsOn(texts, side), differences(said[at], said[1 - at], DIFFERS[side])))));
}
function categoriesOf(texts) {
  const same = texts.chosen.category === texts.rejected.category;
  const chipOf = (side) => chip(texts[side].category, same ? "" : DIFFERS[side]);
  const row = sideBySide("", SIDES.map((side) => box("p", side, make("small", {}, "Category "), chipOf(side))));
  row.classList.add("categories");
  return row;
}
function judgedOf({ judged }) {
  if (!judged) return "";
  const scored = ["grounding", "path_consistency", "plausibility"];
  const scores = scored.map((name) => `${name.replace("_", " ")} ${judged[name]}`);
  return [scores.join(", "), judged.reasoning].filter(Boolean).join(". ");
}
function reasoningsOf(texts) {
  const of = (read) => SIDES.map((side) => read(texts[side]));
  const paths = [texts.paths, texts.wrong].map((some) => some.join("\n")), judged = of(judgedOf);
  const plain = (some) => SIDES.map((side, at) => box("p", side, shownText(some[at] || "–", flagsOn(texts, side))));
  return make("section", { className: "reasonings", ariaLabel: "reasonings" },
    categoriesOf(texts),
    textsInRow("why this category", of((side) => side.reason), texts),
    VIEWS.map((view) => textsInRow(view + " view", of((side) => side[view].reasoning), texts)),
    paths.some(Boolean) ? sideBySide("true paths, and wrong ones", plain(paths)) : null,
    judged.some(Boolean) ? sideBySide("the judge", plain(judged)) : null);
}

// ---------------------------------------------------------------------------- opening
function drawPair(place, ...inside) {
  byId("pair").replaceChildren(...inside);
  byId("pair").dataset.place = place;
}
// Open a pair. `wished` is true where its reader has asked for it, and a narrow screen then shows it.
async function open(place, wished = false) {
  const again = byId("pair").dataset.place === String(place), turn = ++opening, pair = pairs[place];
  current = place;
  draw();
  drawBar();
  if (wished) document.body.classList.add("reading");
  if (!pair) return drawPair("", box("p", "none", "No pair passes the filters."));
  const texts = await textsOf(place).catch(() => null);
  if (!texts) return drawPair("", box("p", "none", NOT_UNPACKED));
  if (turn !== opening) return; // another was opened meanwhile
  drawPair(place, headOf(pair, texts), foldsOf(texts), saidOf(texts), predictionsOf(texts, pair), reasoningsOf(texts));
  if (!again) byId("reader").scrollTop = 0;
  settle(byId("pair"));
  byId("said").textContent = `${at() + 1} of ${shown.length}. Really said next: ${texts.utterance.slice(0, 200)}`;
  if (!byId("pairs").hidden) history.replaceState(null, "", "#" + encodeURIComponent(pair.name));
}
