// Fields, warnings and proposals follow what a schema says of the value that is there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Schemas } from "../../src/console/api.ts";
import { depthAfter } from "../../src/console/editor/newline.ts";
import { cursorAt } from "../../src/console/editor/cursor.ts";
import { proposalsAt } from "../../src/console/editor/proposals.ts";
import { fieldOf, propertiesOf } from "../../src/console/schema/fields.ts";
import type { SchemaObject } from "../../src/console/schema/schema.ts";
import { warningsIn } from "../../src/console/schema/warnings.ts";

const aiProxy = JSON.parse(readFileSync("../docs/ai-proxy.schema.json", "utf8")) as SchemaObject;
const provider = { $ref: "#/$defs/provider" };

function names(value: { [key: string]: string }): string[] {
  return propertiesOf(aiProxy, provider, value).map((each) => each.name);
}

test("a provider has the settings of its type, and no other's", () => {
  assert.ok(names({ type: "qwen" }).includes("qwenDomain"));
  assert.ok(!names({ type: "qwen" }).includes("awsRegion"));
  assert.ok(names({ type: "bedrock" }).includes("awsRegion"));
  assert.ok(!names({ type: "bedrock" }).includes("qwenDomain"));
  assert.ok(names({ type: "qwen" }).includes("modelMapping"));
});

test("what is required depends on what is there", () => {
  const required = (value: { [key: string]: string }) =>
    propertiesOf(aiProxy, provider, value)
      .filter((each) => each.required)
      .map((each) => each.name)
      .sort();
  assert.deepEqual(required({ type: "openai" }), ["type"]);
  assert.deepEqual(required({ type: "azure" }), ["apiTokens", "azureServiceUrl", "type"]);
  assert.deepEqual(required({ type: "bedrock", awsAccessKey: "a" }), ["awsRegion", "awsSecretKey", "type"]);
});

test("fields have the control that fits", () => {
  const kinds = Object.fromEntries(propertiesOf(aiProxy, provider, { type: "qwen" }).map((each) => [each.name, each]));
  assert.equal(kinds["type"]?.kind, "choice");
  assert.equal(kinds["apiTokens"]?.kind, "list");
  assert.equal(kinds["apiTokens"]?.secret, true);
  assert.equal(kinds["timeout"]?.kind, "number");
  assert.equal(kinds["timeout"]?.integer, true);
  assert.equal(kinds["modelMapping"]?.kind, "map");
  assert.equal(kinds["failover"]?.kind, "object");
  assert.equal(kinds["listMappedModels"]?.kind, "boolean");
  assert.deepEqual(kinds["protocol"]?.choices, ["openai", "original"]);
  assert.equal(fieldOf(aiProxy, true, undefined).kind, "any");
});

test("warnings name what the schema does not have", () => {
  const config = {
    provider: {
      type: "qwen",
      apiTokens: ["masked-apiTokens-0123456789"],
      timeout: -1,
      protocol: "${ENV:PROTOCOL}",
      timeuot: 5,
      _note: "anything",
      failover: { enabled: "yes" },
    },
  };
  const found = warningsIn(aiProxy, config, ["x"]).map(
    (each) => `${each.place.join(".")} ${each.what} ${each.expected}`,
  );
  assert.deepEqual(found.sort(), [
    "x.provider.failover.enabled type boolean",
    "x.provider.timeout range 0 – 4294967295",
    "x.provider.timeuot unknown ",
  ]);
  assert.deepEqual(
    warningsIn(aiProxy, { provider: { type: "azure" } }, [])
      .map((each) => each.expected)
      .sort(),
    ["apiTokens", "azureServiceUrl"],
  );
});

const SCHEMAS: Schemas = {
  keys: [
    { name: "listen", about: "Where.", default: "required", works: true },
    { name: "routes.*.name", about: "For logs.", default: "required", works: true },
    { name: "routes.*.match", about: "", default: "", works: true },
    { name: "routes.*.match.path", about: "", default: "", works: true },
    { name: "proxy", about: "", default: "", works: false },
    { name: "trailers", about: "", default: "false", works: true },
  ],
  plugins: [{ index: 0, name: "ai-proxy", schema: aiProxy, reason: null }],
};

/** The labels at the place of the bar. */
function labels(text: string): string[] {
  const offset = text.indexOf("|");
  const found = proposalsAt(text.replace("|", ""), offset, SCHEMAS);
  return found?.all.map((each) => each.label) ?? [];
}

const CONFIG = "plugins:\n  - name: ai-proxy\n    config:\n      provider:\n        type: qwen\n";

test("keys of the gateway file are proposed where they belong", () => {
  assert.deepEqual(labels("l|"), ["listen", "trailers"]);
  assert.deepEqual(labels("listen: 1\n|"), ["trailers"]);
  assert.deepEqual(labels("routes:\n  - na|"), ["name", "match"]);
  assert.deepEqual(labels("routes:\n  - name: a\n    |"), ["match"]);
  assert.deepEqual(labels("routes:\n  - match: {|}"), ["path"]);
  assert.deepEqual(labels("trailers: |"), ["true", "false"]);
});

test("keys and values of a plugin are proposed, with those of its type", () => {
  assert.ok(labels(`${CONFIG}        qwenDo|`).includes("qwenDomain"));
  assert.ok(!labels(`${CONFIG}        |`).includes("type"));
  assert.deepEqual(labels(`${CONFIG}        protocol: |`), ["openai", "original"]);
  assert.deepEqual(labels(`${CONFIG}        protocol: or|`), ["openai", "original"]);
  assert.ok(labels(CONFIG.replace("qwen", "|")).includes("moonshot"));
  assert.ok(labels(`${CONFIG}        failover: {en|}`).includes("enabled"));
  assert.deepEqual(labels(`${CONFIG}        failover: {enabled: |}`), ["true", "false"]);
  assert.deepEqual(labels(`${CONFIG}        # a comment |`), []);
});

test("a cursor knows its path, also where the text is not complete", () => {
  const at = (text: string) => cursorAt(text.replace("|", ""), text.indexOf("|"));
  assert.deepEqual(at("a:\n  - b:\n      c|")?.path, ["a", 0, "b"]);
  assert.deepEqual(at("a: [x, y|]")?.path, ["a", 1]);
  assert.equal(at("a: x|")?.kind, "value");
  assert.equal(at("a: x|")?.from, 3);
  assert.equal(at('a: {"b|": 1}')?.kind, "key");
});

test("a new line is as deep as what belongs there", () => {
  for (const [line, depth] of [
    ["a: 1", 0],
    ["  a:", 4],
    ["  - a: 1", 4],
    ["  - a:", 6],
    ["  a: # why", 4],
    ["    # only", 4],
    ["", 0],
  ] as const) {
    assert.equal(depthAfter(line), depth, line);
  }
});
