"use strict";
// All texts are put into the page as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const STEP = 20;

function make(tag, properties, ...inside) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...inside.filter((part) => part !== null && part !== undefined));
  return node;
}
function options(select, names, chosen) {
  select.replaceChildren(...names.map((name) => make("option", { value: name, textContent: name, selected: name === chosen })));
}
const number = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));

// ---------------------------------------------------------------------------- slices
function drawSlices() {
  const figure = byId("slice-figure").value, kind = byId("slice-kind").value, digits = data.digits[figure];
  const rows = data.slices.filter((part) => part.kind === kind);
  byId("slice-head").replaceChildren(make("tr", {}, make("th", { scope: "col", textContent: kind }), ...data.columns.map((name) => make("th", { scope: "col", textContent: name }))));
  byId("slice-body").replaceChildren(...rows.map((part) => make("tr", {}, make("th", { scope: "row", textContent: part.slice }), ...data.columns.map((name) => {
    const found = (part.predictors[name] || {})[figure];
    if (!found) return make("td", { textContent: "–" });
    const between = found.low === null ? "" : `${number(found.low, digits)} to ${number(found.high, digits)}, `;
    return make("td", {}, number(found.value, digits), make("small", { textContent: `${between}n ${found.n}` }));
  }))));
}
if (data.slices.length) {
  byId("slices").hidden = false;
  options(byId("slice-figure"), data.figures, data.main);
  options(byId("slice-kind"), [...new Set(data.slices.map((part) => part.kind))]);
  for (const id of ["slice-figure", "slice-kind"]) byId(id).addEventListener("change", drawSlices);
  drawSlices();
}

// ---------------------------------------------------------------------------- samples
let order = [], drawn = 0;
const scoreOf = (sample, predictor, measure) => {
  const scores = ((sample.by[predictor] || {}).scores || {})[measure] || [];
  return scores.length ? scores[0] : null;
};
const bestOf = (sample, predictor, measure) => {
  const scores = (((sample.by[predictor] || {}).scores || {})[measure] || []).filter((score) => score !== null);
  return scores.length ? Math.max(...scores) : null;
};
function turnOf([role, text]) {
  return make("div", { className: "turn " + (role === "user" ? "user" : "other") }, make("b", { textContent: role }), text);
}
function predictionsOf(name, held, measure) {
  const node = make("div", { className: "by" }, make("b", { textContent: name + (held.category ? " · " + held.category : "") }));
  if (!held.texts.length) return node.append(make("p", { className: "none", textContent: "no readable prediction" })), node;
  const scores = held.scores[measure] || [], most = Math.max(...scores.filter((score) => score !== null));
  node.append(make("ol", {}, ...held.texts.map((text, place) => make("li", { className: scores[place] === most ? "top" : "" }, text, " ", make("span", { textContent: number(scores[place], data.measures[measure]) })))));
  return node;
}
function sampleOf(sample, measure) {
  const before = sample.context.slice(0, -1), last = sample.context.slice(-1);
  const earlier = before.length ? make("details", {}, make("summary", { textContent: `${before.length} earlier turn${before.length > 1 ? "s" : ""}` }), ...before.map(turnOf)) : null;
  return make("article", {},
    make("h3", { textContent: [`${sample.sample_id}, item ${sample.item_id}`, sample.category, sample.region].filter(Boolean).join(" · ") }),
    earlier, ...last.map(turnOf),
    make("div", { className: "turn real" }, make("b", { textContent: "really said next" }), sample.utterance),
    make("div", { className: "said" }, ...data.predictors.filter((name) => sample.by[name]).map((name) => predictionsOf(name, sample.by[name], measure))));
}
function drawMore() {
  const measure = byId("sort-figure").value.replace(/_(first|best)$/, "");
  const part = order.slice(drawn, drawn + STEP);
  byId("samples").append(...part.map((sample) => sampleOf(sample, measure)));
  drawn += part.length;
  byId("count").textContent = `${drawn} of ${order.length} samples`;
  byId("more").hidden = drawn >= order.length;
}
function sortSamples() {
  const figure = byId("sort-figure").value, measure = figure.replace(/_(first|best)$/, "");
  const predictor = byId("sort-predictor").value, sign = byId("sort-order").value === "best" ? -1 : 1;
  const value = figure.endsWith("_first") ? scoreOf : bestOf;
  order = data.samples.map((sample) => [value(sample, predictor, measure), sample]).filter(([score]) => score !== null)
    .sort((a, b) => sign * (a[0] - b[0])).map(([, sample]) => sample);
  drawn = 0;
  byId("samples").replaceChildren();
  drawMore();
}
options(byId("sort-figure"), data.sortable, data.main);
options(byId("sort-predictor"), data.predictors);
for (const id of ["sort-figure", "sort-predictor", "sort-order"]) byId(id).addEventListener("change", sortSamples);
byId("more").addEventListener("click", drawMore);
sortSamples();
