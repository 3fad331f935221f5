// Unified differences, as the server makes them, in rows to show.

export interface Row {
  kind: "same" | "removed" | "added" | "gap";
  /** Line numbers; null where the line is not in that text. */
  before: number | null;
  after: number | null;
  text: string;
  /** The part of the text that differs from its counterpart. */
  mark: [from: number, to: number] | null;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

export function rowsOf(diff: string): Row[] {
  const rows: Row[] = [];
  let before = 0;
  let after = 0;
  let inside = false;
  for (const line of diff.split("\n")) {
    const hunk = HUNK.exec(line);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      rows.push({ kind: "gap", before: null, after: null, text: "", mark: null });
      inside = true;
    } else if (!inside) continue;
    else if (line.startsWith("-"))
      rows.push({ kind: "removed", before: before++, after: null, text: line.slice(1), mark: null });
    else if (line.startsWith("+"))
      rows.push({ kind: "added", before: null, after: after++, text: line.slice(1), mark: null });
    else if (line.startsWith(" ")) {
      rows.push({ kind: "same", before: before++, after: after++, text: line.slice(1), mark: null });
    }
  }
  if (rows[0]?.kind === "gap" && (rows[1]?.before ?? 1) <= 1 && (rows[1]?.after ?? 1) <= 1) rows.shift();
  return marked(rows);
}

/** Pairs of rows for two columns: removed lines stand beside the added ones that take their place. */
export function pairsOf(rows: readonly Row[]): [Row | null, Row | null][] {
  const pairs: [Row | null, Row | null][] = [];
  for (const { removed, added, other } of blocks(rows)) {
    if (other) pairs.push([other, other]);
    for (let index = 0; index < Math.max(removed.length, added.length); index++) {
      pairs.push([removed[index] ?? null, added[index] ?? null]);
    }
  }
  return pairs;
}

interface Block {
  removed: Row[];
  added: Row[];
  other: Row | null;
}

function blocks(rows: readonly Row[]): Block[] {
  const found: Block[] = [];
  for (const row of rows) {
    const last = found.at(-1);
    if (row.kind === "removed" && last && !last.other && last.added.length === 0) last.removed.push(row);
    else if (row.kind === "removed") found.push({ removed: [row], added: [], other: null });
    else if (row.kind === "added" && last && !last.other) last.added.push(row);
    else if (row.kind === "added") found.push({ removed: [], added: [row], other: null });
    else found.push({ removed: [], added: [], other: row });
  }
  return found;
}

function marked(rows: Row[]): Row[] {
  for (const { removed, added } of blocks(rows)) {
    if (removed.length !== added.length) continue;
    removed.forEach((one, index) => {
      const other = added[index] as Row;
      const [from, toOne, toOther] = between(one.text, other.text);
      // Lines that have nothing in common but their indentation are not two versions of one line.
      if (from <= one.text.search(/\S|$/) && toOne === one.text.length && toOther === other.text.length) return;
      one.mark = toOne > from ? [from, toOne] : null;
      other.mark = toOther > from ? [from, toOther] : null;
    });
  }
  return rows;
}

/** Where two texts differ: after their common beginning, before their common end. */
function between(one: string, other: string): [from: number, toOne: number, toOther: number] {
  const shorter = Math.min(one.length, other.length);
  let from = 0;
  while (from < shorter && one[from] === other[from]) from++;
  let end = 0;
  while (end < shorter - from && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
  return [from, one.length - end, other.length - end];
}
