// Texts with parts of them painted: what differs between the sides, what was flagged, what is searched for.
const LONGEST_COMPARED = 1500; // words; beyond, texts are shown without what differs
const SHORTEST_SHARED = 3; // words; fewer in a row between two that differ are shared by accident
const BETWEEN_CHARACTERS = /[\u3040-\u30ff\u3400-\u9fff]|[\p{L}\p{N}]+[^\S\n]*|[^\p{L}\p{N}]/gu;

// A text as a fragment. Each range has `start`, `end`, `kind` (a class) and `title`; ranges may overlap.
function painted(text, ranges = []) {
  const node = document.createDocumentFragment();
  const ends = ranges.flatMap((range) => [range.start, range.end]);
  const edges = [...new Set([0, text.length, ...ends])].sort((a, b) => a - b);
  edges.slice(0, -1).forEach((start, at) => {
    const part = text.slice(start, edges[at + 1]);
    const over = ranges.filter((range) => range.start <= start && range.end > start);
    if (!over.length) { node.append(part); return; }
    const title = over.map((range) => range.title).filter(Boolean).join("; ");
    node.append(make("mark", { className: over.map((range) => range.kind).join(" "), title, textContent: part }));
  });
  return node;
}

// The places of the words of a text that do not stand, in this order, in the other: by the longest common subsequence.
function differences(text, other, kind) {
  const ours = text.match(BETWEEN_CHARACTERS) ?? [], theirs = other.match(BETWEEN_CHARACTERS) ?? [];
  if (text === other || Math.max(ours.length, theirs.length) > LONGEST_COMPARED) return [];
  const kept = shared(ours, theirs);
  for (let start = 0; start < kept.length; start++) { // short islands go
    let end = start;
    while (kept[end]) end++;
    const words = ours.slice(start, end).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
    if (end > start && words < SHORTEST_SHARED && start && end < kept.length) kept.fill(false, start, end);
    start = end;
  }
  const ranges = [];
  let at = 0;
  ours.forEach((word, place) => {
    const last = ranges.at(-1);
    if (!kept[place] && last?.end === at) last.end += word.length;
    else if (!kept[place]) ranges.push({ start: at, end: at + word.length, kind, title: "" });
    at += word.length;
  });
  for (const range of ranges) range.end -= text.slice(range.start, range.end).match(/\s*$/)[0].length;
  return ranges;
}
// Which of our words are in the longest common subsequence.
function shared(ours, theirs) {
  const width = theirs.length + 1, common = new Uint16Array((ours.length + 1) * width);
  for (let a = ours.length - 1; a >= 0; a--) {
    for (let b = theirs.length - 1; b >= 0; b--) {
      const here = a * width + b, without = Math.max(common[here + width], common[here + 1]);
      common[here] = ours[a] === theirs[b] ? common[here + width + 1] + 1 : without;
    }
  }
  const kept = new Array(ours.length).fill(false);
  for (let a = 0, b = 0; a < ours.length && b < theirs.length;) {
    if (ours[a] === theirs[b]) { kept[a++] = true; b++; }
    else if (common[(a + 1) * width + b] >= common[a * width + b + 1]) a++;
    else b++;
  }
  return kept;
}

// Where a flag's evidence stands in a text: all of it, a part of it, or what is quoted "… in" it.
function flagged(text, flags) {
  return flags.flatMap(({ tag, evidence }) => {
    const said = String(evidence ?? ""), title = `${tag}: ${said}`;
    const range = (start, length) => [{ start, end: start + length, kind: "flagged", title }];
    if (!text || !said) return [];
    if (said.endsWith(` in ${text}`)) {
      const part = said.slice(0, -text.length - 4).replace(/^(['"])(.*)\1$/s, "$2"), at = text.indexOf(part);
      return part && at >= 0 ? range(at, part.length) : range(0, text.length);
    }
    if (said.endsWith(text)) return range(0, text.length);
    const at = text.indexOf(said);
    return at >= 0 ? range(at, said.length) : [];
  });
}

// Where what is searched for stands in a text; where folding changes its length, nowhere.
function wantedIn(text, wanted) {
  const plain = folded(text), ranges = [];
  if (!wanted || plain.length !== text.length) return ranges;
  for (let at = plain.indexOf(wanted); at >= 0; at = plain.indexOf(wanted, at + wanted.length))
    ranges.push({ start: at, end: at + wanted.length, kind: "wanted", title: "" });
  return ranges;
}
