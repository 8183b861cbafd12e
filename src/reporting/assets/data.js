"use strict";
// The pairs: a short row of each, at once; all its texts when it is opened or searched, from the block that holds them.
// Every text of the data enters the page as a text node, never as HTML.
const byId = (id) => document.getElementById(id);
const make = (name, options = {}, ...children) => {
  const node = Object.assign(document.createElement(name), options);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
};
const box = (name, className, ...children) => make(name, { className }, ...children);

const COLUMNS = ["id", "item", "region", "view", "category", "rejected", "similarity", "margin", "flags", "title"];
const pairs = JSON.parse(byId("data").textContent).map((row, place) => {
  const pair = Object.fromEntries(COLUMNS.map((column, at) => [column, row[at]]));
  const count = pair.flags.reduce((sum, [, times]) => sum + times, 0);
  return { ...pair, place, count, name: `[${pair.id},${pair.item}]` };
});
// Ids are JSON texts, exactly as in the records.
const shownId = (pair) => (pair.id.startsWith('"') ? JSON.parse(pair.id) : pair.id);
const placeOf = new Map(pairs.map((pair) => [pair.name, pair.place]));

// ---------------------------------------------------------------------------- texts
const BLOCK = Number(byId("data").dataset.blockSize);
const MOST_OPEN = 8; // blocks that are kept unpacked
const blocks = document.getElementsByClassName("block");
const opened = new Map();

async function unpack(block) {
  const packed = atob(blocks[block].textContent), bytes = new Uint8Array(packed.length);
  for (let at = 0; at < packed.length; at++) bytes[at] = packed.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return (await new Response(stream).text()).split("\n");
}
async function textsOf(place) {
  const block = Math.floor(place / BLOCK);
  const lines = opened.get(block) ?? unpack(block);
  opened.delete(block); // so that the one used last is the last
  opened.set(block, lines);
  if (opened.size > MOST_OPEN) opened.delete(opened.keys().next().value);
  return JSON.parse((await lines)[place % BLOCK]);
}

// ---------------------------------------------------------------------------- what is searched
// Case and typographic marks do not count. Texts without them take half the room, and are searched in half the time.
const PLAIN = { "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "→": "->", "\u00a0": " " };
const folded = (text) => text.toLowerCase().replace(/[‘’“”–—…→\u00a0]/g, (mark) => PLAIN[mark]);

const found = new Array(pairs.length); // by place, all texts of a pair; made by `readAll`
let ready = 0;

// The id and all texts of a pair, each once; not the names of their fields, but those in the tree.
function searchable(pair, texts) {
  const said = new Set([shownId(pair)]);
  const gather = (value, inTree) => {
    if (typeof value === "string") said.add(value);
    else if (value && typeof value === "object") {
      for (const [name, part] of Object.entries(value)) {
        if (inTree) said.add(name);
        gather(part, inTree || name === "tree");
      }
    }
  };
  gather(texts, false);
  return folded([...said].join("\n"));
}
// Whether a pair has what is searched for. Before its texts are read, its first words count.
const has = (pair, wanted) => (found[pair.place] ?? folded(pair.title)).includes(wanted);

const idle = () => new Promise((resume) => (window.requestIdleCallback ?? setTimeout)(resume));
const soon = () => new Promise((resume) => setTimeout(resume));
// Read all texts a block at a time: while nothing else is to do, or with short breaks where they are `wanted`.
// `told` is called after each.
async function readAll(wanted, told) {
  for (let block = 0; block < blocks.length; block++) {
    await (wanted() ? soon() : idle());
    (await unpack(block)).forEach((line, at) => {
      const pair = pairs[block * BLOCK + at];
      found[pair.place] = searchable(pair, JSON.parse(line));
    });
    ready = Math.min(pairs.length, (block + 1) * BLOCK);
    told();
  }
}
