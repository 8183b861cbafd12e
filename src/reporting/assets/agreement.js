// A second annotator, read from a file of marks, and how far the two agree.
let second = null; // {name, marks}

const secondOf = (pair) => second?.marks[pair.name]?.mark ?? "";
const byBoth = (pair) => WISHES.includes(markOf(pair)) && WISHES.includes(secondOf(pair));
const differ = (pair) => byBoth(pair) && markOf(pair) !== secondOf(pair);

// Cohen's kappa: agreement beyond what two that mark as often as these would reach by chance; 1 is full, 0 is chance.
// Of the pairs that both kept or dropped; null where both gave all of them one and the same mark.
function agreement() {
  const both = pairs.filter(byBoth), all = both.length;
  const count = (ours, theirs) => both.filter((pair) => markOf(pair) === ours && secondOf(pair) === theirs).length;
  const counts = WISHES.map((ours) => WISHES.map((theirs) => count(ours, theirs)));
  const [[keeps, ours], [theirs, drops]] = counts, seen = (keeps + drops) / all;
  const chance = ((keeps + ours) * (keeps + theirs) + (theirs + drops) * (ours + drops)) / all ** 2;
  return { counts, all, agreed: keeps + drops, kappa: all && chance < 1 ? (seen - chance) / (1 - chance) : null };
}
function kappaInWords({ all, agreed, kappa }) {
  if (!all) return "no pair is marked by both";
  return `${kappa === null ? "κ not defined" : "κ " + kappa.toFixed(2)}, ${agreed} of ${all} agreed`;
}
function agreementTable({ counts }) {
  const head = ["", "keep there", "drop there"].map((name) => make("th", { scope: "col" }, name));
  const rows = counts.map((row, at) => make("tr", {},
    make("th", { scope: "row" }, `you ${WISHES[at]}`), row.map((count) => make("td", {}, count.toLocaleString()))));
  return make("table", {}, make("thead", {}, make("tr", {}, head)), make("tbody", {}, rows));
}

// ---------------------------------------------------------------------------- dialogs
// Ask in a dialog; each choice is a label and what to do. Without choices it only tells.
function ask(title, inside, choices = []) {
  const buttons = [...choices, [choices.length ? "Cancel" : "Close", null]];
  byId("dialog-title").textContent = title;
  byId("dialog-text").replaceChildren(...[inside].flat());
  byId("dialog-buttons").replaceChildren(...buttons.map(([label, act], at) =>
    make("button", { type: "submit", className: act && !at ? "main" : "", onclick: act }, label)));
  byId("dialog").showModal();
}
// Ask what is to become of a file of marks. `changed` is called after it.
async function read(file, changed) {
  const held = marksIn(await file.text());
  if (!held) return ask("No marks are read", `${file.name} is no file of marks as this page saves them.`);
  const lost = unsaved().filter((name) => held[name] && !same(held[name], marks[name])).length;
  const told = [make("p", {}, `${file.name} has marks of ${here(held).length.toLocaleString()} of these pairs.`)];
  const beware = `To go on with them replaces ${lost} of yours that ${lost > 1 ? "are" : "is"} in no file: save first.`;
  if (lost) told.push(box("p", "warning", beware));
  ask("Whose marks are these?", told, [
    ["Another annotator's: compare", () => { second = { name: file.name, marks: held }; changed(); }],
    ["Mine: go on with them", () => { adopt(held); changed(); }],
  ]);
}
function showAgreement(showDiffering) {
  const found = agreement();
  const told = `You and ${second.name}: ${kappaInWords(found)}. Cohen's kappa: 1 is full agreement, 0 is chance.`;
  ask("Agreement", [make("p", {}, told), agreementTable(found)], [["Show where we differ", showDiffering]]);
}
