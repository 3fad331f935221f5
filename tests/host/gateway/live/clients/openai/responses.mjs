// OpenAI's client for Node.js: a response, a stream, a loop of tools, a parsed answer, tokens, and requests that are refused.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "any", maxRetries: 0 });
const asked = { model: "gpt-4o", input: "Oslo", store: false };

const whole = await client.responses.create(asked);

const pieces = [];
const kinds = new Set();
const stream = client.responses.stream(asked);
for await (const event of stream) {
  kinds.add(event.type);
  if (event.type === "response.output_text.delta") pieces.push(event.delta);
}
const final = await stream.finalResponse();

const tools = [
  {
    type: "function",
    name: "weather",
    strict: false,
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];
const input = [{ role: "user", content: "Oslo" }];
const first = await client.responses.create({ ...asked, input, tools });
const call = first.output.find((item) => item.type === "function_call");
const result = { type: "function_call_output", call_id: call.call_id, output: "rain" };
const last = await client.responses.create({ ...asked, input: [...input, ...first.output, result], tools });

const counted = await client.responses.inputTokens.count({ model: asked.model, input: asked.input });

const refusals = [];
for (const attempt of [
  () => client.responses.create({ ...asked, previous_response_id: "resp_1" }),
  () => client.responses.create({ ...asked, background: true }),
  () => client.responses.retrieve("resp_1"),
]) {
  try {
    await attempt();
    refusals.push(null);
  } catch (error) {
    refusals.push([error.constructor.name, error.status, error.code]);
  }
}
console.log(
  JSON.stringify({
    whole: whole.output_text,
    same: pieces.join("") === final.output_text,
    done: ["response.created", "response.completed"].every((kind) => kinds.has(kind)),
    called: JSON.parse(call.arguments),
    ran: last.output_text,
    tokens: counted.input_tokens,
    refusals,
  }),
);
