// An edit changes the value that it names, and nothing else of the text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { YamlText } from "../../src/console/text/yaml_edit.ts";
import type { Path } from "../../src/console/text/yaml_edit.ts";

const FILE = `# The gateway of the house.
listen: 127.0.0.1:8080  # loopback

plugins:
  # Converts.
  - name: ai-proxy
    source: ../plugins/ai_proxy   # the folder
    config:
      provider:
        type: "qwen"
        apiTokens: ["\${ENV:KEY}", 'two']
        modelMapping: {"gpt-4o": qwen-max, "*": qwen-plus}
        # Not used yet.
        timeout: 1000
  - name: other
    config:

routes:
- name: models
  match: {path_prefix: /v1/}
`;

const config: Path = ["plugins", 0, "config", "provider"];

const EDITS: [name: string, edit: (text: YamlText) => string, gone: string, come: string][] = [
  ["a text in its quotes", (text) => text.with([...config, "type"], "openai"), '"qwen"', '"openai"'],
  ["a number", (text) => text.with([...config, "timeout"], 5), "timeout: 1000", "timeout: 5"],
  ["an item of a flow list", (text) => text.with([...config, "apiTokens", 1], "three"), "'two'", "'three'"],
  [
    "a further item of a flow list",
    (text) => text.with([...config, "apiTokens", 2], "three"),
    "'two']",
    "'two', three]",
  ],
  [
    "a key of a flow mapping",
    (text) => text.with([...config, "modelMapping", "a, b"], "c"),
    "qwen-plus}",
    'qwen-plus, "a, b": c}',
  ],
  [
    "a key at the end of a mapping",
    (text) => text.with([...config, "protocol"], "original"),
    "timeout: 1000\n",
    "timeout: 1000\n        protocol: original\n",
  ],
  [
    "keys inside of each other",
    (text) => text.with([...config, "failover", "enabled"], true),
    "timeout: 1000\n",
    "timeout: 1000\n        failover:\n          enabled: true\n",
  ],
  [
    "a value for a key without one",
    (text) => text.with(["plugins", 1, "config", "greeting"], "no: yes"),
    "    config:\n\n",
    '    config:\n      greeting: "no: yes"\n\n',
  ],
  [
    "a further route",
    (text) => text.with(["routes", 1], { name: "all" }),
    "  match: {path_prefix: /v1/}\n",
    "  match: {path_prefix: /v1/}\n- name: all\n",
  ],
  ["a removed key", (text) => text.without([...config, "timeout"]), "        timeout: 1000\n", ""],
  ["a removed item", (text) => text.without([...config, "apiTokens", 0]), '"${ENV:KEY}", ', ""],
  ["a removed last item", (text) => text.without([...config, "apiTokens", 1]), ", 'two'", ""],
  [
    "the removed first key of an item",
    (text) => text.without(["plugins", 0, "name"]),
    "  - name: ai-proxy\n    source",
    "  - source",
  ],
  ["a renamed key", (text) => text.renamed([...config, "modelMapping", "gpt-4o"], "gpt-*"), '"gpt-4o"', "gpt-*"],
];

for (const [name, edit, gone, come] of EDITS) {
  test(name, () => {
    assert.equal(
      edit(new YamlText(FILE)),
      FILE.replace(gone, () => come),
    );
  });
}

test("a value of another kind takes the place of a block", () => {
  const text = new YamlText(FILE).with(config, "none");
  assert.equal(parse(text).plugins[0].config.provider, "none");
  assert.equal(parse(text).plugins[1].name, "other");
});

test("texts that YAML would read as something else get quotes", () => {
  for (const value of [
    "true",
    "null",
    "1",
    "1e3",
    "",
    " a",
    "a: b",
    "a #b",
    "*",
    "- a",
    "a\nb\n\n",
    "é\u202e",
    "'",
    '"',
  ]) {
    const text = new YamlText(FILE).with([...config, "note"], value);
    assert.equal(parse(text).plugins[0].config.provider.note, value);
    const item = new YamlText(FILE).with([...config, "apiTokens", 2], value);
    assert.equal(parse(item).plugins[0].config.provider.apiTokens[2], value);
  }
});

test("an alias is not edited, and neither is what is no YAML", () => {
  const shared = new YamlText("a: &x {b: 1}\nc: *x\n");
  assert.throws(() => shared.with(["c", "b"], 2), /alias/);
  assert.throws(() => new YamlText("a: [").with(["a"], 2), /not YAML/);
});

// Random documents in random styles, and random edits of them.

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

class Maker {
  comments = 0;
  constructor(readonly next: () => number) {}

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)] as T;
  }

  value(depth: number): Value {
    const kind = this.next();
    if (depth > 0 && kind < 0.3)
      return Array.from({ length: Math.floor(this.next() * 4) }, () => this.value(depth - 1));
    if (depth > 0 && kind < 0.7) return this.object(depth - 1);
    return this.pick<Value>([
      1,
      -2.5,
      true,
      false,
      null,
      "a",
      "b c",
      "x: y",
      "",
      "true",
      "# no",
      "2024-01-01",
      "[",
      "é",
      "two\nlines\n",
    ]);
  }

  object(depth: number): { [key: string]: Value } {
    const keys = ["a", "b", "c d", "e", "*", "1"].filter(() => this.next() < 0.5);
    return Object.fromEntries(keys.map((key) => [key, this.value(depth)]));
  }

  comment(): string {
    return this.next() < 0.3 ? ` # comment ${this.comments++}` : "";
  }

  /** A value in block style after `prefix`, in lines. */
  lines(value: Value, column: number): string {
    const pad = " ".repeat(column);
    const above = this.next() < 0.2 ? `${pad}# comment ${this.comments++}\n` : "";
    if (Array.isArray(value)) {
      return value.map((each) => `${above}${pad}-${this.after(each, column, true)}`).join("");
    }
    const entries = Object.entries(value as { [key: string]: Value });
    return entries
      .map(([key, each]) => `${above}${pad}${JSON.stringify(key)}:${this.after(each, column, false)}`)
      .join("");
  }

  after(value: Value, column: number, inList: boolean): string {
    const some = typeof value === "object" && value !== null && Object.keys(value).length > 0;
    if (value === "two\nlines\n" && this.next() < 0.7) {
      const pad = " ".repeat(column + 2);
      return ` |${this.comment()}\n${pad}two\n${pad}lines\n`;
    }
    if (!some || this.next() < 0.3) {
      const bare = value === null && this.next() < 0.5 && !inList;
      return `${bare ? "" : ` ${JSON.stringify(value)}`}${this.comment()}\n`;
    }
    const deeper = this.pick([2, 4]);
    if (inList && this.next() < 0.7 && !Array.isArray(value)) {
      return ` ${this.lines(value, column + 2).replace(/^(?: *#[^\n]*\n)? */, "")}`;
    }
    const flat = !inList && Array.isArray(value) && this.next() < 0.5;
    return `${this.comment()}\n${this.lines(value, flat ? column : column + deeper)}`;
  }
}

function paths(value: Value, path: (string | number)[] = []): (string | number)[][] {
  const found = path.length ? [path] : [];
  if (typeof value !== "object" || value === null) return found;
  const entries = Array.isArray(value) ? value.map((each, index) => [index, each] as const) : Object.entries(value);
  for (const [step, each] of entries) found.push(...paths(each, [...path, step]));
  return found;
}

function comments(text: string): string[] {
  return text.match(/# comment \d+/g) ?? [];
}

function at(value: Value, path: Path): Value {
  return path.reduce<Value>((inner, step) => (inner as never)[step], value);
}

test("random edits change what they name", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const maker = new Maker(random(seed));
    const value = { first: maker.value(3), ...maker.object(3), last: maker.value(2) } as Value;
    const text = maker.lines(value, 0);
    assert.deepEqual(parse(text), value, text);
    const path = maker.pick(paths(value));
    const expected = structuredClone(value);
    const parent = at(expected, path.slice(0, -1)) as { [key: string]: Value };
    const last = path.at(-1) as string;
    const old = at(value, path);
    const yaml = new YamlText(text);
    let edited: string;
    const operation = maker.pick(["set", "add", "remove"]);
    switch (operation) {
      case "set": {
        const changed = maker.value(2);
        parent[last] = changed;
        edited = yaml.with(path, changed);
        break;
      }
      case "add": {
        const changed = maker.value(2);
        if (Array.isArray(parent)) {
          edited = yaml.with([...path.slice(0, -1), parent.length], changed);
          parent.push(changed);
        } else {
          edited = yaml.with([...path.slice(0, -1), "new"], changed);
          parent["new"] = changed;
        }
        break;
      }
      default:
        if (Array.isArray(parent)) parent.splice(Number(last), 1);
        else delete parent[last];
        edited = yaml.without(path);
    }
    const said = `seed ${seed}, ${JSON.stringify(path)}:\n${text}\n---\n${edited}`;
    assert.deepEqual(new YamlText(edited).valid && parse(edited), expected, said);
    // Comments inside of a value go with it.
    const whole = typeof old !== "object" && old !== "two\nlines\n";
    if (operation === "add" || (operation === "set" && whole))
      assert.deepEqual(
        comments(text).filter((each) => !comments(edited).includes(each)),
        [],
        said,
      );
  }
});
