// A request as source text: for curl, and for OpenAI's clients in Python and JavaScript. The key is never in it.

import type { ChatRequest } from "../common/chat.ts";

export interface Snippet {
  name: "curl" | "Python" | "JavaScript";
  language: string;
  text: string;
}

/** `base`: the address of the page. */
export function snippets(chat: ChatRequest, base: string): Snippet[] {
  const api = new URL("v1", base).href;
  const request: ChatRequest = { ...chat, stream: true };
  return [
    { name: "curl", language: "bash", text: curl(request, api) },
    { name: "Python", language: "python", text: python(request, api) },
    { name: "JavaScript", language: "javascript", text: javascript(request, api) },
  ];
}

/** With the data of images cut: they are long, and nobody reads them. */
export function shortened(text: string): string {
  return text.replace(/(data:image\/[a-z]+;base64,[A-Za-z0-9+/]{24})[A-Za-z0-9+/=]{24,}/g, "$1…");
}

function curl(request: ChatRequest, api: string): string {
  const body = escapedJson(request, 2).replaceAll("'", "'\\''");
  return [
    `curl -N ${quoted(`${api}/chat/completions`)} \\`,
    `  -H 'content-type: application/json' \\`,
    `  -H "authorization: Bearer $API_KEY" \\`,
    `  -d '${body}'`,
  ].join("\n");
}

function python(request: ChatRequest, api: string): string {
  const { stream: _, ...rest } = request;
  const extra = Object.entries(rest).map(([name, value]) => `    ${name}=${pythonLiteral(value, 1)},`);
  return `# pip install openai
import os

from openai import OpenAI

client = OpenAI(base_url=${escapedJson(api)}, api_key=os.environ["API_KEY"])
stream = client.chat.completions.create(
${extra.join("\n")}
    stream=True,
)
for chunk in stream:
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)
print()`;
}

function javascript(request: ChatRequest, api: string): string {
  return `// npm install openai
import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${escapedJson(api)}, apiKey: process.env.API_KEY });
const stream = await client.chat.completions.create(${escapedJson(request, 2)});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
console.log();`;
}

const quoted = (text: string): string => (/^[\w:/.%~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** JSON without characters that change how a terminal or an editor shows the text. */
function escapedJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function pythonLiteral(value: unknown, depth: number): string {
  const indent = "    ".repeat(depth);
  const inside = `${indent}    `;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) {
    if (!value.length) return "[]";
    return `[\n${value.map((each) => `${inside}${pythonLiteral(each, depth + 1)},\n`).join("")}${indent}]`;
  }
  if (typeof value === "object") {
    const entries = Object.entries(value);
    if (!entries.length) return "{}";
    const lines = entries.map(([key, each]) => `${inside}${escapedJson(key)}: ${pythonLiteral(each, depth + 1)},\n`);
    return `{\n${lines.join("")}${indent}}`;
  }
  return escapedJson(value);
}
