import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser, type ServerEvent } from "../src/common/sse.ts";

const STREAM = [
  "\ufeff: a comment\r\n\r\nevent: one\r\nid: 7\r\ndata: first\r\ndata:second\r\n\r\n",
  "data\n\ndata: {\"a\": 1}\rretry: 5\r\runknown: x\n\nevent: without data\n\ndata:  two spaces\n\ndata: cut off",
].join("");
const EXPECTED: ServerEvent[] = [
  { event: "one", data: "first\nsecond", id: "7" },
  { event: "message", data: "", id: "7" },
  { event: "message", data: '{"a": 1}', id: "7" },
  { event: "message", data: " two spaces", id: "7" },
];

function parsed(pieces: readonly string[]): ServerEvent[] {
  const parser = new EventParser();
  return pieces.flatMap((piece) => [...parser.feed(piece)]);
}

test("events are the same however the stream is cut", () => {
  assert.deepEqual(parsed([STREAM]), EXPECTED);
  assert.deepEqual(parsed([...STREAM]), EXPECTED);
  for (let place = 0; place <= STREAM.length; place += 1) {
    assert.deepEqual(parsed([STREAM.slice(0, place), "", STREAM.slice(place)]), EXPECTED, `cut at ${place}`);
  }
});

test("a line without an end does not fill the memory", () => {
  const parser = new EventParser();
  const piece = "x".repeat(2 ** 20);
  assert.throws(() => {
    for (let count = 0; count < 40; count += 1) [...parser.feed(piece)];
  }, /more than/);
});
