// Edits of a YAML text that leave everything else as it is: comments, order, quotes, blank lines.
//
// Form and editor show one text. The form changes a value by an edit of that text, not by writing the document anew.

import { isAlias, isCollection, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { block, flow, inItem, isBlock, keyText, pairText, scalarText, underKey } from "./yaml_write.ts";

export type Path = readonly (string | number)[];

/** The text cannot be edited there; the message says why. */
export class EditError extends Error {}

/** A parsed text. Positions count UTF-16 units, as those of strings do. */
export class YamlText {
  readonly text: string;
  private readonly document: Document.Parsed;

  constructor(text: string) {
    this.text = text;
    this.document = parseDocument(text, { merge: false, uniqueKeys: false, logLevel: "silent" });
  }

  /** Whether the text is YAML. */
  get valid(): boolean {
    return this.document.errors.length === 0;
  }

  /** The value of the whole text, as far as it can be read. */
  get value(): unknown {
    try {
      return this.document.toJS({ maxAliasCount: 1000 });
    } catch {
      return undefined;
    }
  }

  /** Where the value of a path is, or the nearest part of the path that exists. */
  rangeOf(path: Path): [from: number, to: number] {
    let node: Node | null = this.document.contents;
    let range: [number, number] = node?.range ? [node.range[0], node.range[1]] : [0, 0];
    for (const step of path) {
      const pair = isMap(node) ? pairOf(node, step) : undefined;
      const next = pair ? pair.value : isSeq(node) ? item(node, step) : null;
      if (pair?.key.range) range = [pair.key.range[0], pair.key.range[1]];
      if (!next?.range) return range;
      if (!pair) range = [next.range[0], next.range[1]];
      node = next;
    }
    return range;
  }

  /** The text with `value` at `path`; parts of the path that do not exist are made. */
  with(path: Path, value: unknown): string {
    this.needValid();
    const root = this.document.contents;
    if (root === null || isEmptyScalar(root)) return this.appended(nested(path, value));
    return this.setIn(root, path, value, 0);
  }

  /** The text without the key or the list item at `path`. */
  without(path: Path): string {
    this.needValid();
    const last = path.at(-1);
    const parent = this.nodeAt(path.slice(0, -1));
    if (isMap(parent) && last !== undefined) {
      const index = parent.items.findIndex((each) => keyOf(each as Pair) === String(last));
      if (index >= 0) return this.removed(parent, index, path);
    } else if (isSeq(parent) && typeof last === "number" && last < parent.items.length) {
      return this.removed(parent, last, path);
    }
    return this.text;
  }

  /** The text with another name for the key at `path`. */
  renamed(path: Path, name: string): string {
    this.needValid();
    const parent = this.nodeAt(path.slice(0, -1));
    const pair = isMap(parent) ? pairOf(parent, path.at(-1) ?? "") : undefined;
    if (!pair?.key.range || !isMap(parent)) throw new EditError("there is no such key");
    if (pairOf(parent, name)) throw new EditError(`there is already a key ${name}`);
    return this.replaced(pair.key.range[0], pair.key.range[1], keyText(name));
  }

  private needValid(): void {
    if (!this.valid) throw new EditError("the text is not YAML; correct it in the editor");
  }

  private nodeAt(path: Path): Node | null {
    let node: Node | null = this.document.contents;
    for (const step of path) {
      node = isMap(node) ? (pairOf(node, step)?.value ?? null) : isSeq(node) ? item(node, step) : null;
      if (isAlias(node)) throw new EditError("the value is shared by an alias; change it in the editor");
    }
    return node;
  }

  private setIn(node: Node, path: Path, value: unknown, depth: number): string {
    if (isAlias(node)) throw new EditError("the value is shared by an alias; change it in the editor");
    if (depth === path.length) return this.replacedNode(node, value, path);
    const step = path[depth] as string | number;
    if (isMap(node)) {
      const pair = pairOf(node, step);
      if (!pair) return this.added(node, path.slice(0, depth), String(step), nested(path.slice(depth + 1), value));
      if (pair.value === null || isEmptyScalar(pair.value))
        return this.filled(pair, path.slice(0, depth + 1), nested(path.slice(depth + 1), value));
      return this.setIn(pair.value, path, value, depth + 1);
    }
    if (isSeq(node)) {
      const found = item(node, step);
      if (!found) return this.appendedItem(node, path.slice(0, depth), nested(path.slice(depth + 1), value));
      return this.setIn(found, path, value, depth + 1);
    }
    return this.replacedNode(node, nested(path.slice(depth), value), path.slice(0, depth));
  }

  private replaced(from: number, to: number, text: string): string {
    return this.text.slice(0, from) + text + this.text.slice(to);
  }

  private appended(value: unknown): string {
    const before = this.text === "" || this.text.endsWith("\n") ? this.text : `${this.text}\n`;
    return `${before}${block(value)}\n`;
  }

  /** A value in place of the one that is there. */
  private replacedNode(node: Node, value: unknown, path: Path): string {
    const from = bounds(node)[0];
    const to = this.endOf(node);
    const old = isScalar(node) ? node : undefined;
    if (this.inFlow(path)) return this.replaced(from, to, isBlock(value) ? flow(value) : scalarText(value, old, true));
    const end = this.text[to - 1] === "\n" ? "\n" : "";
    if (old && !isBlock(value)) return this.replaced(from, to, scalarText(value, old) + end);
    if (path.length === 0) return this.replaced(from, to, block(value) + end);
    // The new value begins behind the colon or the dash; a comment there stays.
    const start = isSeq(this.nodeAt(path.slice(0, -1))) ? this.dashBefore(node) + 1 : this.afterColon(path);
    const comment = /^[ \t]*#[^\n]*/.exec(this.text.slice(start, from))?.[0] ?? "";
    return this.replaced(start, to, this.after(path, value, comment) + end);
  }

  /** What follows a colon or a dash: a value and a comment. */
  private after(path: Path, value: unknown, comment: string): string {
    if (!isBlock(value)) return ` ${scalarText(value)}${comment}`;
    const column = this.columnOfContainer(path);
    if (!isSeq(this.nodeAt(path.slice(0, -1)))) return comment + underKey(value, column);
    return comment ? comment + underKey(value, column) : ` ${inItem(value, column)}`;
  }

  /** A value for a key that has none. */
  private filled(pair: YamlPair, path: Path, value: unknown): string {
    const at = this.afterColon(path);
    const to = pair.value?.range ? Math.max(at, pair.value.range[1]) : at;
    if (this.inFlow(path)) return this.replaced(at, to, ` ${flow(value)}`);
    const comment = /^[ \t]*#[^\n]*/.exec(this.text.slice(at))?.[0] ?? "";
    return this.replaced(at, Math.max(to, at + comment.length), this.after(path, value, comment));
  }

  /** A key at the end of a mapping. */
  private added(map: YAMLMap, path: Path, key: string, value: unknown): string {
    if (map.flow || this.inFlow(path)) return this.addedToFlow(map, `${keyText(key)}: ${flow(value)}`);
    const last = map.items.at(-1) as YamlPair | undefined;
    if (!last) return this.replacedNode(map, { [key]: value }, path);
    const column = this.columnOf(bounds((map.items[0] as YamlPair).key)[0]);
    return this.insertedLines(this.endOf(last), `${" ".repeat(column)}${pairText(key, value, column)}`);
  }

  private appendedItem(list: YAMLSeq, path: Path, value: unknown): string {
    if (list.flow || this.inFlow(path)) return this.addedToFlow(list, flow(value));
    const last = list.items.at(-1) as Node | null | undefined;
    if (!last) return this.replacedNode(list, [value], path);
    const column = this.columnOf(list.range?.[0] ?? 0);
    return this.insertedLines(this.endOf(last), `${" ".repeat(column)}- ${inItem(value, column)}`);
  }

  private addedToFlow(node: YAMLMap | YAMLSeq, text: string): string {
    const [from, to] = bounds(node);
    const inside = this.text.slice(from + 1, to - 1);
    if (node.items.length === 0) return this.replaced(from + 1, to - 1, text);
    const last = node.items.at(-1) as YamlPair | Node;
    const end = "key" in last ? (last.value?.range?.[1] ?? bounds(last.key)[1]) : bounds(last)[1];
    const comma = /^\s*,/.test(inside.slice(end - from - 1));
    return comma ? this.replaced(end + 1, end + 1, ` ${text}`) : this.replaced(end, end, `, ${text}`);
  }

  /** Lines after the line in which `end` is: behind a comment of that line, before comments of what follows. */
  private insertedLines(end: number, lines: string): string {
    let at = end;
    if (this.text[at - 1] !== "\n") {
      const next = this.text.indexOf("\n", at);
      if (next < 0) return `${this.text}\n${lines}\n`;
      at = next + 1;
    }
    return this.replaced(at, at, `${lines}\n`);
  }

  /** Where the last line of a value ends. */
  private endOf(part: YamlPair | Node): number {
    const node: Node | null = "key" in part ? (part.value ?? null) : part;
    if (node && isCollection(node) && !node.flow) {
      const last = node.items.at(-1) as YamlPair | Node | null | undefined;
      if (last) return this.endOf(last);
    }
    const at = node?.range?.[1];
    if (at !== undefined && !(node && isEmptyScalar(node) && "key" in part)) return at;
    return "key" in part ? this.colonAfter(bounds(part.key)[1]) : (at ?? 0);
  }

  private removed(parent: YAMLMap | YAMLSeq, index: number, path: Path): string {
    const inFlow = parent.flow || this.inFlow(path);
    if (inFlow) return this.removedFromFlow(parent, index);
    if (parent.items.length === 1) return this.replacedWithEmpty(parent, path.slice(0, -1));
    const part = parent.items[index] as YamlPair | Node;
    const from = "key" in part ? bounds(part.key)[0] : this.dashBefore(part);
    const start = this.lineStart(from);
    const head = this.text.slice(start, from);
    let end = this.endOf(part);
    if (this.text[end - 1] !== "\n") {
      const next = this.text.indexOf("\n", end);
      end = next < 0 ? this.text.length : next + 1;
    }
    // The first key of a list item shares its line with the dash: the next key moves there.
    if (/[^ ]/.test(head)) {
      const next = parent.items[index + 1] as YamlPair | Node;
      const nextFrom = "key" in next ? bounds(next.key)[0] : this.dashBefore(next);
      return this.replaced(from, nextFrom, "");
    }
    return this.replaced(start, end, "");
  }

  private replacedWithEmpty(node: YAMLMap | YAMLSeq, path: Path): string {
    const empty = isMap(node) ? "{}" : "[]";
    const parent = path.length ? this.nodeAt(path.slice(0, -1)) : null;
    const start = isMap(parent) ? this.afterColon(path) : bounds(node)[0];
    const last = node.items.at(-1) as YamlPair | Node;
    const end = this.endOf(last);
    const newline = this.text[end - 1] === "\n" ? "\n" : "";
    return this.replaced(start, end, `${isMap(parent) ? " " : ""}${empty}${newline}`);
  }

  private removedFromFlow(parent: YAMLMap | YAMLSeq, index: number): string {
    const ends = parent.items.map((each) => {
      const part = each as YamlPair | Node;
      return "key" in part
        ? ([bounds(part.key)[0], part.value?.range?.[1] ?? bounds(part.key)[1]] as const)
        : bounds(part);
    });
    const [from, to] = ends[index] as readonly [number, number];
    const next = ends[index + 1];
    const previous = ends[index - 1];
    if (next) return this.replaced(from, next[0], "");
    if (previous) return this.replaced(previous[1], to, "");
    return this.replaced(from, to, "");
  }

  private inFlow(path: Path): boolean {
    let node: Node | null = this.document.contents;
    for (const step of path) {
      if (isCollection(node) && node.flow) return true;
      node = isMap(node) ? (pairOf(node, step)?.value ?? null) : isSeq(node) ? item(node, step) : null;
    }
    return false;
  }

  /** The column of the keys, or the dashes, among which the last step of a path is. */
  private columnOfContainer(path: Path): number {
    const parent = this.nodeAt(path.slice(0, -1));
    if (isMap(parent)) return this.columnOf(bounds((parent.items[0] as YamlPair).key)[0]);
    return isSeq(parent) ? this.columnOf(parent.range?.[0] ?? 0) : 0;
  }

  private afterColon(path: Path): number {
    const parent = this.nodeAt(path.slice(0, -1));
    const pair = isMap(parent) ? pairOf(parent, path.at(-1) ?? "") : undefined;
    if (!pair) throw new EditError("there is no such key");
    return this.colonAfter(bounds(pair.key)[1]);
  }

  private colonAfter(end: number): number {
    const colon = this.text.indexOf(":", end);
    if (colon < 0 || this.text.slice(end, colon).trim()) {
      throw new EditError("the key is written in a form that only the editor can change");
    }
    return colon + 1;
  }

  private columnOf(offset: number): number {
    return offset - this.lineStart(offset);
  }

  private lineStart(offset: number): number {
    return this.text.lastIndexOf("\n", offset - 1) + 1;
  }

  private dashBefore(node: Node): number {
    return this.text.lastIndexOf("-", bounds(node)[0] - 1);
  }
}

type YamlPair = Pair<Scalar, Node | null>;

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value ?? "") : String(pair.key);
}

function pairOf(map: YAMLMap, key: string | number): YamlPair | undefined {
  return map.items.find((each) => keyOf(each as Pair) === String(key)) as YamlPair | undefined;
}

function item(list: YAMLSeq, index: string | number): Node | null {
  return typeof index === "number" ? ((list.items[index] as Node | undefined) ?? null) : null;
}

function bounds(node: Node): [number, number] {
  if (!node.range) throw new EditError("the text is not YAML; correct it in the editor");
  return [node.range[0], node.range[1]];
}

function isEmptyScalar(node: Node): boolean {
  return isScalar(node) && node.value === null && (!node.source || node.source === "");
}

/** The value with the mappings and lists around it that a path names. */
function nested(path: Path, value: unknown): unknown {
  return path.reduceRight<unknown>((inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }), value);
}
