// What was said, and the messages that a request sends of it.

import type { Answer, ChatMessage, ChatRequest, ContentPart, ToolCall } from "../common/chat.ts";
import type { HttpFailure } from "../common/http.ts";

export interface UserTurn {
  kind: "user";
  text: string;
  /** Data URLs. */
  images: string[];
}

export interface AnswerTurn {
  kind: "answer";
  /** That the user chose. */
  model: string;
  request: ChatRequest;
  answer: Answer;
  state: "running" | "done" | "stopped" | "failed";
  failure: HttpFailure | null;
}

export interface ResultsTurn {
  kind: "results";
  results: { call: ToolCall; content: string }[];
}

export type Turn = UserTurn | AnswerTurn | ResultsTurn;

/** The messages of turns. Calls of tools that nobody has answered are left out: no service takes them. */
export function messagesOf(turns: readonly Turn[], system: string): ChatMessage[] {
  const messages: ChatMessage[] = system.trim() ? [{ role: "system", content: system }] : [];
  turns.forEach((turn, index) => {
    if (turn.kind === "user") messages.push({ role: "user", content: contentOf(turn) });
    else if (turn.kind === "answer") messages.push(...answerMessages(turn, turns[index + 1]));
    else
      for (const { call, content } of turn.results) messages.push({ role: "tool", tool_call_id: call.id, content });
  });
  return messages;
}

function contentOf({ text, images }: UserTurn): string | ContentPart[] {
  if (!images.length) return text;
  const parts: ContentPart[] = images.map((url) => ({ type: "image_url", image_url: { url } }));
  return text ? [{ type: "text", text }, ...parts] : parts;
}

function answerMessages({ answer }: AnswerTurn, next: Turn | undefined): ChatMessage[] {
  if (next?.kind === "results") {
    return [{ role: "assistant", content: answer.text || null, tool_calls: answer.toolCalls }];
  }
  return answer.text ? [{ role: "assistant", content: answer.text }] : [];
}

/** The conversation for a file: the messages, and what was measured. */
export function exported(turns: readonly Turn[], system: string): string {
  const answers = turns.flatMap((turn) => {
    if (turn.kind !== "answer") return [];
    const { answer, failure, model, state } = turn;
    const { sent, firstToken, ended } = answer.timing;
    return {
      model,
      answered_as: answer.model,
      state,
      error: failure && { status: failure.status, message: failure.message, code: failure.code },
      finish_reason: answer.finishReason,
      reasoning_content: answer.reasoning,
      usage: answer.usage,
      first_token_ms: firstToken === null ? null : Math.round(firstToken - sent),
      total_ms: ended === null ? null : Math.round(ended - sent),
    };
  });
  const document = { made: new Date().toISOString(), messages: messagesOf(turns, system), answers };
  return JSON.stringify(document, null, 2);
}
