import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyAnswer, measured, readChunk, type Answer } from "../src/common/chat.ts";
import { exported, messagesOf, type Turn } from "../src/playground/conversation.ts";

const delta = (value: unknown): unknown => ({ choices: [{ delta: value }] });

function read(...chunks: unknown[]): Answer {
  const answer = emptyAnswer();
  for (const chunk of chunks) readChunk(answer, chunk);
  return answer;
}

test("text, reasoning and calls of tools are put together from their pieces", () => {
  const answer = read(
    { model: "m", ...(delta({ role: "assistant", content: "" }) as object) },
    delta({ reasoning_content: "Hm" }),
    delta({ reasoning: "!" }),
    delta({ content: "Hel" }),
    delta({ content: "lo" }),
    delta({ tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: '{"x"' } }] }),
    delta({ tool_calls: [{ index: 1, id: "b", function: { name: "g", arguments: "{}" } }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: ": 1}" } }] }),
    { choices: [{ delta: {}, finish_reason: "tool_calls" }] },
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 2 } } },
  );
  assert.equal(answer.text, "Hello");
  assert.equal(answer.reasoning, "Hm!");
  assert.equal(answer.model, "m");
  assert.deepEqual(answer.toolCalls.map((each) => [each.id, each.function.name, each.function.arguments]), [
    ["a", "f", '{"x": 1}'],
    ["b", "g", "{}"],
  ]);
  assert.equal(answer.finishReason, "tool_calls");
  assert.deepEqual(answer.usage, { input: 3, output: 9, reasoning: 2, cached: null });
});

test("anything that is not of the protocol is ignored", () => {
  const odd = [null, 1, "x", [], {}, { choices: {} }, { choices: [null] }, delta(7), delta({ content: 7, tool_calls: [1] }),
    delta({ tool_calls: [{ index: 1e9 }, { index: -1 }, { index: "0" }, { index: 0.5 }] }), { usage: { prompt_tokens: "x" } }];
  const answer = read(...odd);
  assert.equal(answer.text, "");
  assert.ok(answer.toolCalls.length <= 1);
});

test("an error in the stream is an error", () => {
  assert.throws(() => read({ error: { message: "no", code: "c" } }), { message: "no", code: "c" });
});

test("speed counts from the first piece, and not for answers that came at once", () => {
  const answer = read({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 30 } });
  answer.timing = { sent: 1000, firstToken: 1500, ended: 4500 };
  assert.deepEqual(measured(answer), {
    outputTokens: 30, inputTokens: 1, firstTokenMs: 500, totalMs: 3500, tokensPerSecond: 10,
  });
  answer.timing.ended = 1510;
  assert.equal(measured(answer).tokensPerSecond, null);
});

test("a conversation is sent with its images and results, and without calls that nobody has answered", () => {
  const call = { id: "a", type: "function" as const, function: { name: "f", arguments: "{}" } };
  const answered = (answer: Partial<Answer>): Turn => ({
    kind: "answer", model: "m", request: { model: "m", messages: [] }, answer: { ...emptyAnswer(), ...answer }, state: "done",
    failure: null,
  });
  const turns: Turn[] = [
    { kind: "user", text: "look", images: ["data:image/png;base64,AA=="] },
    answered({ toolCalls: [call] }),
    { kind: "results", results: [{ call, content: "21" }] },
    answered({ text: "warm", reasoning: "hm" }),
    { kind: "user", text: "more", images: [] },
    answered({ toolCalls: [call] }),
    { kind: "user", text: "no", images: [] },
  ];
  assert.deepEqual(messagesOf(turns, "be brief"), [
    { role: "system", content: "be brief" },
    {
      role: "user",
      content: [
        { type: "text", text: "look" },
        { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
      ],
    },
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "a", content: "21" },
    { role: "assistant", content: "warm" },
    { role: "user", content: "more" },
    { role: "user", content: "no" },
  ]);
  assert.equal((JSON.parse(exported(turns, "")) as { answers: unknown[] }).answers.length, 3);
});
