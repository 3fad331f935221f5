// A match as a document: for readers as Markdown, for programs as JSON. It tells no more than the page does.

import { measured } from "../common/chat.ts";
import { answeredBy, isRight, playerOf, SEATS, type Match, type Seat, type Turn } from "./match.ts";
import { t } from "./texts.ts";

export function asJson(match: Match, saved: Date): string {
  const { settings, turns, isRevealed, vote } = match;
  const { mode, rounds, questions, opening, isBlind, maxTokens } = settings;
  const seats = SEATS.map((seat) => ({
    nickname: settings.nicknames[seat],
    ...(isRevealed ? { ...playerOf(match, seat), answered_by: answeredBy(match, seat) } : { hidden: true }),
  }));
  const document = {
    saved: saved.toISOString(),
    mode,
    blind: isBlind,
    revealed: isRevealed,
    ...(mode === "talk" ? { rounds, questions, opening } : {}),
    max_tokens: maxTokens,
    seats,
    turns: turns.map(turnAsJson),
    vote: vote && { seat_of_first_player: vote.seatOfFirst, right: isRight(match), better: vote.better },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function turnAsJson({ seat, part, round, question, instruction, answer, state, failure }: Turn): unknown {
  const { inputTokens, outputTokens, firstTokenMs, totalMs } = measured(answer);
  return {
    seat,
    part,
    round,
    question,
    instruction,
    text: answer.text,
    ...(answer.reasoning ? { reasoning: answer.reasoning } : {}),
    state,
    ...(failure ? { error: { status: failure.status, message: failure.message } } : {}),
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    first_token_ms: rounded(firstTokenMs),
    total_ms: rounded(totalMs),
  };
}

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value));

export function asMarkdown(match: Match, saved: Date): string {
  const { settings, turns, vote } = match;
  const [first, second] = settings.nicknames;
  const lines = [`# ${t.now("matchTitle", { first, second })}`, "", saved.toISOString(), ""];
  for (const seat of SEATS) lines.push(`- **${settings.nicknames[seat]}**: ${described(match, seat)}`);
  let round = 0;
  for (const turn of turns) {
    if (turn.round !== round) {
      round = turn.round;
      lines.push("", `## ${t.now(settings.mode === "talk" ? "round" : "promptN", { n: round })}`);
      if (settings.mode === "same") lines.push("", quoted(turn.instruction));
    }
    const verb = turn.part === "question" ? "asked" : "answered";
    lines.push("", `**${t.now(verb, { name: settings.nicknames[turn.seat] })}**`, "", turn.answer.text);
    if (turn.state !== "done") lines.push("", `*(${turn.failure?.message ?? t.now("stopped")})*`);
  }
  if (vote) lines.push("", t.now("voted", { name: settings.nicknames[vote.seatOfFirst], player: settings.players[0].name }));
  return `${lines.join("\n")}\n`;
}

function described(match: Match, seat: Seat): string {
  if (!match.isRevealed) return t.now("hiddenModel");
  const { name, model } = playerOf(match, seat);
  const service = answeredBy(match, seat).filter((each) => each !== model);
  const asked = [name, `\`${model}\``].filter(Boolean).join(", ");
  return service.length ? `${asked}; ${t.now("answeredBy", { model: service.map((each) => `\`${each}\``).join(", ") })}` : asked;
}

const quoted = (text: string): string => text.split("\n").map((line) => `> ${line}`).join("\n");
