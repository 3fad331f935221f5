import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { ChatRequest } from "../src/common/chat.ts";
import { shortened, snippets } from "../src/playground/snippets.ts";

const TEXT = "It's \"quoted\" $HOME `id` \\n \u202e 😀\n'; echo no #";
const CHAT: ChatRequest = {
  model: "a'b",
  messages: [{ role: "user", content: TEXT }],
  temperature: 0.5,
  tools: [{ type: "function", function: { name: "f", parameters: {}, strict: true, x: null } }],
};
const SENT = { ...CHAT, stream: true };
const text = (name: string): string => snippets(CHAT, "http://a.test/playground").find((each) => each.name === name)?.text ?? "";

test("curl sends the request, whatever it contains", () => {
  const echo = `curl() { for each in "$@"; do last=$each; done; printf '%s' "$last"; }\n${text("curl")}`;
  const { stdout, stderr } = spawnSync("sh", ["-c", echo], { encoding: "utf8", env: { API_KEY: "key" } });
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), SENT);
});

test("Python sends the request, whatever it contains", () => {
  const fake = `
import json, sys, types
class OpenAI:
    def __init__(self, **words):
        self.chat = types.SimpleNamespace(completions=self)
    def create(self, **words):
        sys.stdout.write(json.dumps(words))
        return []
module = types.ModuleType("openai")
module.OpenAI = OpenAI
sys.modules["openai"] = module
`;
  const { stdout, stderr } = spawnSync("python3", ["-c", fake + text("Python")], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", API_KEY: "key" },
  });
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), SENT);
});

test("JavaScript sends the request, whatever it contains", () => {
  const body = /create\((\{[^]*\})\);\nfor/.exec(text("JavaScript"))?.[1] ?? "";
  assert.deepEqual(JSON.parse(body), SENT);
});

test("nothing in a snippet turns the direction of its text", () => {
  for (const { text } of snippets(CHAT, "http://a.test/")) assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069]/);
});

test("the data of images is shown cut", () => {
  assert.equal(shortened(`"data:image/png;base64,${"A".repeat(1000)}"`), `"data:image/png;base64,${"A".repeat(24)}…"`);
});
