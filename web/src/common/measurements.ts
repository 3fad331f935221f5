// What was measured of an answer, as short texts.

import { measured, type Answer } from "./chat.ts";
import type { Child } from "./dom.ts";
import { number, texts } from "./i18n.ts";

const t = texts(
  {
    tokens: "{n} tokens",
    tokensIn: "{n} in",
    reasoningTokens: "{n} for reasoning",
    pieces: "{n} pieces",
    firstToken: "first token {n} ms",
    speed: "{n} tokens/s",
    total: "{n} s",
  },
  {
    tokens: "{n} 个 token",
    tokensIn: "输入 {n}",
    reasoningTokens: "推理 {n}",
    pieces: "{n} 段",
    firstToken: "首 token {n} 毫秒",
    speed: "{n} token/秒",
    total: "{n} 秒",
  },
);

/** Tokens, time to the first one, tokens per second, seconds: as far as they are known. */
export function numbers(answer: Answer, isRunning: boolean): Child[] {
  const { firstTokenMs, inputTokens, outputTokens, tokensPerSecond, totalMs } = measured(answer);
  const { usage, pieces } = answer;
  const shown: Child[] = [];
  if (outputTokens !== null) shown.push(t("tokens", { n: number(outputTokens) }));
  else if (pieces) shown.push(t("pieces", { n: number(pieces) }));
  if (inputTokens) shown.push(t("tokensIn", { n: number(inputTokens) }));
  if (usage?.reasoning) shown.push(t("reasoningTokens", { n: number(usage.reasoning) }));
  if (firstTokenMs !== null) shown.push(t("firstToken", { n: number(firstTokenMs) }));
  if (tokensPerSecond !== null) shown.push(t("speed", { n: number(tokensPerSecond, 1) }));
  if (totalMs !== null && !isRunning) shown.push(t("total", { n: number(totalMs / 1000, 1) }));
  return shown;
}
