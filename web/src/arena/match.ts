// The rules of a match, without a page: who sits where, who speaks next, and what a model is told.

import type { Answer, ChatMessage } from "../common/chat.ts";
import type { HttpFailure } from "../common/http.ts";

export type Seat = 0 | 1;
export const SEATS: readonly [Seat, Seat] = [0, 1];

/** Who sits down: a model and the role that it plays. */
export interface Player {
  /** What it is called in the vote. */
  name: string;
  model: string;
  /** Its system prompt, with the placeholders `{me}` and `{other}`. Empty: none. */
  role: string;
}

export interface Settings {
  /** `talk`: they speak in turn. `same`: both answer the same prompts. */
  mode: "talk" | "same";
  nicknames: readonly [string, string];
  players: readonly [Player, Player];
  rounds: number;
  /** Questions of a round. Who asks changes with each round. */
  questions: number;
  /** What the one who asks is told before each question, with placeholders. */
  opening: string;
  /** Who sits where is drawn by lot, and hidden until the vote. */
  isBlind: boolean;
  /** Of one answer; `null`: the service decides. */
  maxTokens: number | null;
}

export interface Turn {
  seat: Seat;
  part: "question" | "answer" | "reply";
  /** From 1; for `same` the number of the prompt. */
  round: number;
  /** From 1. */
  question: number;
  /** What the speaker is told before, by the game or the user. */
  instruction: string;
  answer: Answer;
  state: "running" | "done" | "stopped" | "failed";
  failure: HttpFailure | null;
}

export type Better = Seat | "equal";

/** What the reader guessed, before the reveal. */
export interface Vote {
  seatOfFirst: Seat;
  better: Better | null;
}

export interface Match {
  readonly settings: Settings;
  /** Where the first player sits. */
  readonly seatOfFirst: Seat;
  turns: Turn[];
  isRevealed: boolean;
  vote: Vote | null;
}

/** By lot if the match is blind. */
export function newMatch(settings: Settings): Match {
  const lot = (crypto.getRandomValues(new Uint8Array(1))[0] as number) & 1;
  const seatOfFirst: Seat = settings.isBlind && lot ? 1 : 0;
  return { settings, seatOfFirst, turns: [], isRevealed: !settings.isBlind, vote: null };
}

export const other = (seat: Seat): Seat => (seat === 0 ? 1 : 0);

export function playerOf({ settings, seatOfFirst }: Match, seat: Seat): Player {
  return settings.players[seat === seatOfFirst ? 0 : 1];
}

export const isRight = ({ vote, seatOfFirst }: Match): boolean | null => vote && vote.seatOfFirst === seatOfFirst;

/** The models that the answers of a seat name. */
export function answeredBy({ turns }: Match, seat: Seat): string[] {
  return [...new Set(turns.filter((turn) => turn.seat === seat && turn.answer.model).map((turn) => turn.answer.model))];
}

/** What comes next in a talk; `null`: it is over. A turn that has failed or was stopped comes again. */
export function nextTurn({ settings, turns }: Match): Omit<Turn, "answer" | "state" | "failure"> | null {
  const done = turns.filter((turn) => turn.state === "done").length;
  const { rounds, questions } = settings;
  const pair = Math.floor(done / 2);
  if (pair >= rounds * questions) return null;
  const round = Math.floor(pair / questions) + 1;
  const question = (pair % questions) + 1;
  const asks: Seat = round % 2 === 1 ? 0 : 1;
  const isQuestion = done % 2 === 0;
  const seat = isQuestion ? asks : other(asks);
  const values = { ...names(settings, seat), round, rounds, question, questions };
  const instruction = isQuestion ? filled(settings.opening, values) : "";
  return { seat, part: isQuestion ? "question" : "answer", round, question, instruction };
}

/**
 * The chat as the model in a seat has it: its role, what it has said, and what it was told. Messages of the same side
 * are one, as some services require.
 */
export function messagesFor(match: Match, seat: Seat, before: readonly Turn[], instruction: string): ChatMessage[] {
  const { settings } = match;
  const role = filled(playerOf(match, seat).role, names(settings, seat));
  const messages: ChatMessage[] = role ? [{ role: "system", content: role }] : [];
  let heard: string[] = [];
  const listen = (): void => {
    if (heard.length) messages.push({ role: "user", content: heard.join("\n\n") });
    heard = [];
  };
  for (const turn of before) {
    const { text } = turn.answer;
    if (turn.seat === seat) {
      if (turn.instruction) heard.push(turn.instruction);
      if (!text) continue;
      listen();
      messages.push({ role: "assistant", content: text });
    } else if (settings.mode === "talk" && text) heard.push(text);
  }
  if (instruction) heard.push(instruction);
  listen();
  return messages;
}

function names({ nicknames }: Settings, seat: Seat): { me: string; other: string } {
  return { me: nicknames[seat], other: nicknames[other(seat)] };
}

function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}
