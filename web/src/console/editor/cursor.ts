// Where in a YAML text a cursor is: in which mapping, and whether a key or a value is being written there.

import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Node, Pair } from "yaml";
import type { Path } from "../text/yaml_edit.ts";

export interface Cursor {
  kind: "key" | "value";
  /** Of a key: the mapping. Of a value: the value itself. */
  path: Path;
  /** Where the word begins that is being written. */
  from: number;
  /** Keys of the mapping, without the one that is being written. */
  present: string[];
}

const MARK = "proxywasm-cursor-mark";
const WORD = /[\w.*/$@+~-]*$/;

/** Null where nothing can be proposed: in a comment, or in a text that cannot be read even with a word there. */
export function cursorAt(text: string, offset: number): Cursor | null {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  if (/(^|\s)#/.test(line)) return null;
  const word = WORD.exec(line)?.[0] ?? "";
  let from = offset - word.length;
  const quote = /["']/.test(text[from - 1] ?? "") ? 1 : 0;
  from -= quote;
  let to = offset + (/^[\w.*/$@+~-]*/.exec(text.slice(offset))?.[0].length ?? 0);
  if (quote && text[to] === text[from]) to++;
  const after = text.slice(to);
  if (
    /(:|^)\s+$/.test(
      text
        .slice(from - 200 < 0 ? 0 : from - 200, from)
        .split("\n")
        .at(-1) ?? "",
    ) &&
    isAfterColon(text, from)
  ) {
    return found(text.slice(0, from) + MARK + after, from, "value");
  }
  const key = /^\s*:(\s|$)/.test(after) ? MARK : `${MARK}: 0`;
  const here = found(text.slice(0, from) + key + after, from, "key");
  return here ?? found(text.slice(0, from) + MARK + after, from, "value");
}

function isAfterColon(text: string, from: number): boolean {
  const before = text.slice(text.lastIndexOf("\n", from - 1) + 1, from).trimEnd();
  return before.endsWith(":");
}

function found(text: string, from: number, kind: "key" | "value"): Cursor | null {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: "silent" });
  return search(document.contents, [], from, kind);
}

function search(node: Node | null, path: Path, from: number, kind: "key" | "value"): Cursor | null {
  if (isScalar(node) && kind === "value" && String(node.value).includes(MARK)) return { kind, path, from, present: [] };
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const inside = search(item as Node, [...path, index], from, kind);
      if (inside) return inside;
    }
  }
  if (isMap(node)) {
    const keys = node.items.map((each) => nameOf(each as Pair));
    if (kind === "key" && keys.includes(MARK)) return { kind, path, from, present: keys.filter((key) => key !== MARK) };
    for (const [index, pair] of node.items.entries()) {
      const inside = search(pair.value as Node | null, [...path, keys[index] ?? ""], from, kind);
      if (inside) return inside;
    }
  }
  return null;
}

function nameOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : "";
}
