// Anthropic's client for Node.js: a message, a stream, a tool that it runs, tokens, models, and a request that is refused.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.argv[2], apiKey: "any", maxRetries: 0 });
const asked = { model: "claude-sonnet-5", max_tokens: 100, messages: [{ role: "user", content: "Oslo" }] };

const whole = await client.messages.create(asked);

const pieces = [];
const stream = client.messages.stream(asked).on("text", (text) => pieces.push(text));
const final = await stream.finalMessage();

const called = [];
const weather = {
  name: "weather",
  description: "The weather in a city.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  run: async (input) => {
    called.push(input);
    return "rain";
  },
  parse: (input) => input,
  type: "custom",
};
const ran = await client.beta.messages.toolRunner({ ...asked, tools: [weather] });

const { input_tokens: tokens } = await client.messages.countTokens({ model: asked.model, messages: asked.messages });
const models = [];
for await (const model of client.models.list()) models.push(model.id);

let refusal = null;
try {
  await client.messages.create({ ...asked, messages: [] });
} catch (error) {
  refusal = [error.constructor.name, error.status];
}
const text = (message) => message.content.filter((block) => block.type === "text").map((block) => block.text).join("");
console.log(
  JSON.stringify({ whole: text(whole), same: pieces.join("") === text(final), called, ran: text(ran), tokens, models, refusal }),
);
