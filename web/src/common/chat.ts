// OpenAI's chat completions, streamed: what is sent, and what an answer consists of as far as it has arrived.

import { HttpFailure, isObject, json, request } from "./http.ts";
import { serverEvents } from "./sse.ts";

export type ContentPart =
  | { type: "text"; text: string }
  | { type: "image_url"; image_url: { url: string } };

export interface ToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

export type ChatMessage =
  | { role: "system" | "user"; content: string | ContentPart[] }
  | { role: "assistant"; content: string | null; tool_calls?: ToolCall[] }
  | { role: "tool"; tool_call_id: string; content: string };

export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  stream?: boolean;
  stream_options?: { include_usage: boolean };
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  seed?: number;
  stop?: string[];
  reasoning_effort?: string;
  tools?: unknown[];
  tool_choice?: unknown;
}

export interface Usage {
  input: number;
  output: number;
  reasoning: number | null;
  cached: number | null;
}

/** Everything of an answer that has arrived. `streamChat` changes it in place. */
export interface Answer {
  text: string;
  reasoning: string;
  toolCalls: ToolCall[];
  /** The model that the answer names. */
  model: string;
  finishReason: string;
  /** What the service counted. Services that do not count say nothing. */
  usage: Usage | null;
  /** Pieces with text, reasoning or parts of tool calls. */
  pieces: number;
  timing: Timing;
}

/** Milliseconds of `performance.now()`. */
export interface Timing {
  sent: number;
  firstToken: number | null;
  ended: number | null;
}

export const CHAT = "v1/chat/completions";
export const MODELS = "v1/models";

export interface ChatOptions {
  /** The key of the gateway's client. */
  token?: string;
  signal?: AbortSignal | undefined;
  /** After each event that changes the answer; throttle what is expensive (`frames.ts`). */
  onChange?: (answer: Answer) => void;
}

/**
 * Send a chat and read its stream. Rejects with `HttpFailure`; `AbortError` after an abort. What had arrived
 * by then is in the last answer that `onChange` got.
 */
export async function streamChat(chat: ChatRequest, options: ChatOptions = {}): Promise<Answer> {
  const answer = emptyAnswer();
  const response = await request(CHAT, {
    body: { ...chat, stream: true, stream_options: { include_usage: true } },
    token: options.token ?? "",
    headers: { accept: "text/event-stream" },
    signal: options.signal,
  });
  const change = (): void => options.onChange?.(answer);
  try {
    if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
      readChunk(answer, await response.json());
    } else {
      let isComplete = false;
      for await (const { data } of serverEvents(response)) {
        isComplete = data === "[DONE]";
        if (isComplete) break;
        readChunk(answer, parsed(data));
        change();
      }
      if (!isComplete && !answer.finishReason) throw new HttpFailure(response.status, "the stream ended too early");
    }
  } catch (error) {
    if (options.signal?.aborted || error instanceof HttpFailure) throw error;
    throw new HttpFailure(response.status, error instanceof Error ? error.message : String(error));
  } finally {
    answer.timing.ended = performance.now();
    change();
  }
  return answer;
}

export function emptyAnswer(): Answer {
  return {
    text: "",
    reasoning: "",
    toolCalls: [],
    model: "",
    finishReason: "",
    usage: null,
    pieces: 0,
    timing: { sent: performance.now(), firstToken: null, ended: null },
  };
}

/** What was measured of an answer. `null`: not known (yet). */
export interface Measured {
  outputTokens: number | null;
  inputTokens: number | null;
  /** Until the first piece. */
  firstTokenMs: number | null;
  totalMs: number | null;
  /** From the first piece to the last. Not for answers that came at once. */
  tokensPerSecond: number | null;
}

export function measured({ usage, timing }: Answer): Measured {
  const { sent, firstToken, ended } = timing;
  const seconds = firstToken !== null && ended !== null ? (ended - firstToken) / 1000 : null;
  return {
    outputTokens: usage?.output ?? null,
    inputTokens: usage?.input ?? null,
    firstTokenMs: firstToken === null ? null : firstToken - sent,
    totalMs: ended === null ? null : ended - sent,
    tokensPerSecond: usage && seconds !== null && seconds > 0.2 ? usage.output / seconds : null,
  };
}

/** The answer as a message of the conversation. */
export function messageOf(answer: Answer): ChatMessage {
  const { text, toolCalls } = answer;
  return toolCalls.length
    ? { role: "assistant", content: text || null, tool_calls: toolCalls }
    : { role: "assistant", content: text };
}

/** The names that `/v1/models` lists. */
export async function listModels(token: string, signal?: AbortSignal): Promise<string[]> {
  const document = await json(MODELS, { token, signal });
  const entries = isObject(document) && Array.isArray(document["data"]) ? document["data"] : [];
  return entries.flatMap((each) => (isObject(each) && typeof each["id"] === "string" ? [each["id"]] : []));
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new Error("an event of the stream is not JSON");
  }
}

/** An event of a stream, or a whole completion. Anything that is not of the protocol is ignored. */
export function readChunk(answer: Answer, chunk: unknown): void {
  if (!isObject(chunk)) return;
  if (isObject(chunk["error"])) {
    const { message, code, type } = chunk["error"];
    throw new HttpFailure(200, String(message ?? "the stream ended with an error"), "", String(code ?? type ?? ""));
  }
  if (typeof chunk["model"] === "string") answer.model ||= chunk["model"];
  if (isObject(chunk["usage"])) answer.usage = usageOf(chunk["usage"]);
  const choice: unknown = Array.isArray(chunk["choices"]) ? chunk["choices"][0] : null;
  if (!isObject(choice)) return;
  if (typeof choice["finish_reason"] === "string") answer.finishReason = choice["finish_reason"];
  const delta = choice["delta"] ?? choice["message"];
  if (isObject(delta)) readDelta(answer, delta);
}

function readDelta(answer: Answer, delta: Record<string, unknown>): void {
  const text = textOf(delta["content"]);
  const reasoning = textOf(delta["reasoning_content"]) || textOf(delta["reasoning"]);
  const calls = Array.isArray(delta["tool_calls"]) ? delta["tool_calls"] : [];
  if (!text && !reasoning && !calls.length) return;
  answer.text += text;
  answer.reasoning += reasoning;
  for (const call of calls) if (isObject(call)) readCall(answer.toolCalls, call);
  answer.pieces += 1;
  answer.timing.firstToken ??= performance.now();
}

function readCall(calls: ToolCall[], call: Record<string, unknown>): void {
  const index = typeof call["index"] === "number" ? call["index"] : calls.length;
  if (!Number.isInteger(index) || index < 0 || index > calls.length || index >= MOST_CALLS) return;
  const found = (calls[index] ??= { id: "", type: "function", function: { name: "", arguments: "" } });
  found.id ||= textOf(call["id"]);
  if (isObject(call["function"])) {
    found.function.name += textOf(call["function"]["name"]);
    found.function.arguments += textOf(call["function"]["arguments"]);
  }
}

const MOST_CALLS = 128;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function usageOf(usage: Record<string, unknown>): Usage {
  const count = (value: unknown): number | null => (typeof value === "number" && value >= 0 ? value : null);
  const detail = (name: string, key: string): number | null => {
    const details = usage[name];
    return isObject(details) ? count(details[key]) : null;
  };
  return {
    input: count(usage["prompt_tokens"]) ?? 0,
    output: count(usage["completion_tokens"]) ?? 0,
    reasoning: detail("completion_tokens_details", "reasoning_tokens"),
    cached: detail("prompt_tokens_details", "cached_tokens"),
  };
}
