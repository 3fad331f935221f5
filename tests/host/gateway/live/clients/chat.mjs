// OpenAI's client for Node.js: a chat as a whole, one as a stream, and a request that is refused.
import OpenAI from "openai";

const address = process.argv[2];
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: "any", maxRetries: 0 });
const messages = [{ role: "user", content: "Count." }];

const whole = await client.chat.completions.create({ model: "qwen-max", messages });

const pieces = [];
const stream = await client.chat.completions.create({ model: "qwen-max", messages, stream: true });
for await (const chunk of stream) {
  const piece = chunk.choices[0]?.delta.content;
  if (!piece) continue;
  pieces.push(piece);
  if (pieces.length === 1) await fetch(`${address}/seen`, { method: "POST", body: "{}" });
}

let refusal = null;
try {
  await client.responses.create({ model: "qwen-max", input: "Count." });
} catch (error) {
  refusal = [error.constructor.name, error.status];
}
console.log(JSON.stringify({ whole: whole.choices[0].message.content, pieces, refusal }));
