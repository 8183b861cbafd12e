// Which pairs the list has, and in which order. What is chosen stands in the form; charts and chips set it.
const PLAIN_CHOICES = ["region", "view", "category", "rejected"];
const ROUNDING = 1e-9;
const RANGES = ["similarity", "margin"];
const IN_WORDS = { view: "true view", rejected: "rejected category", yours: "marks" }; // if not by the name itself
let shown = pairs; // what the list has, in its order

function fill(id, values) {
  byId(id).replaceChildren(...values.map(([value, textContent]) => make("option", { value, textContent })));
}
for (const id of PLAIN_CHOICES) {
  const values = [...new Set(pairs.map((pair) => pair[id]))].sort();
  fill(id, [["", "all"], ...values.map((value) => [value, value])]);
}
const tags = [...new Set(pairs.flatMap((pair) => pair.flags.map(([tag]) => tag)))].sort();
const ANY_FLAG = [["", "all"], ["any", "with a flag"], ["none", "without a flag"]];
fill("flag", [...ANY_FLAG, ...tags.map((tag) => [tag, tag])]);

const valueOf = (id) => byId(id).value;
const limits = (id) => [valueOf(id + "-from"), valueOf(id + "-to")].map((text) => (text === "" ? null : Number(text)));
// The text that is searched for, as texts are compared.
const wantedNow = () => folded(valueOf("q"));

const ofMark = {
  "": () => true,
  open: (pair) => !markOf(pair),
  keep: (pair) => markOf(pair) === "keep",
  drop: (pair) => markOf(pair) === "drop",
  note: (pair) => noteOf(pair),
  differ,
};
const ofFlag = { "": () => true, any: (pair) => pair.flags.length, none: (pair) => !pair.flags.length };
// As the steps of a chart: with the lower end, and without the upper one where it is not the end of the scale.
function within(value, [low, high]) {
  if (low === null && high === null) return true;
  if (typeof value !== "number" || (low !== null && value < low - ROUNDING)) return false;
  return high === null || value < high - ROUNDING || (high >= 1 && value <= high);
}
// A test that a pair has to pass, for what is chosen now.
function passing() {
  const chosen = PLAIN_CHOICES.map((id) => [id, valueOf(id)]).filter(([, value]) => value);
  const ranges = RANGES.map((id) => [id, limits(id)]), flag = valueOf("flag"), wanted = wantedNow();
  const tests = [
    (pair) => chosen.every(([id, value]) => pair[id] === value),
    (pair) => ranges.every(([id, range]) => within(pair[id], range)),
    ofFlag[flag] ?? ((pair) => pair.flags.some(([tag]) => tag === flag)),
    ofMark[valueOf("yours")],
    (pair) => !wanted || has(pair, wanted),
  ];
  return (pair) => tests.every((passes) => passes(pair));
}
const SORTED_BY = {
  similarity: (pair) => pair.similarity, margin: (pair) => pair.margin, flags: (pair) => pair.count,
  marks: (pair) => ["", "keep", "drop"].indexOf(markOf(pair)),
};
// In the order that is chosen; what has no figure comes last, and what is equal stays in the file's order.
function sorted(some) {
  const [by, sign] = valueOf("sort").split(" "), figure = SORTED_BY[by];
  if (!figure) return some;
  const keyed = some.map((pair) => [figure(pair) === null ? Infinity : figure(pair) * Number(sign), pair]);
  return keyed.sort(([a, one], [b, other]) => (a === b ? one.place - other.place : a - b)).map(([, pair]) => pair);
}
function choose() {
  shown = sorted(pairs.filter(passing()));
  drawActive();
}

// ---------------------------------------------------------------------------- set from elsewhere
// What a click on a chart sets: the filter's name and its value. Other filters go.
function setFilter(name, value) {
  byId("filters").reset();
  const parts = value.split(" ");
  if (RANGES.includes(name)) [byId(name + "-from").value, byId(name + "-to").value] = parts;
  else if (name === "categories") [byId("category").value, byId("rejected").value] = parts;
  else byId(name).value = value;
}
function clearFilter(name) {
  const fields = RANGES.includes(name) ? [name + "-from", name + "-to"] : [name];
  for (const field of fields) byId(field).value = "";
  byId("filters").dispatchEvent(new Event("input"));
}
// A chip for each filter in use, which takes it away.
function drawActive() {
  const inWords = (id) => `${IN_WORDS[id] ?? id}: ${byId(id).selectedOptions[0].textContent}`;
  const told = [...PLAIN_CHOICES, "flag", "yours"].filter(valueOf).map((id) => [id, inWords(id)]);
  if (valueOf("q")) told.push(["q", `“${valueOf("q")}”`]);
  for (const id of RANGES) {
    const [low, high] = limits(id);
    const ends = [low === null ? "" : ` from ${low}`, high === null ? "" : ` to ${high}`].join("");
    if (ends) told.push([id, id + ends]);
  }
  byId("active").replaceChildren(...told.map(([id, label]) => {
    const ariaLabel = `${label}: take this filter away`, onclick = () => clearFilter(id);
    return make("button", { type: "button", className: "chip", ariaLabel, onclick }, label + " ×");
  }));
}
