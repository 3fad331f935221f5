// Asks the models, one after the other or both at once, until the match is over or the user stops it.

import { emptyAnswer, streamChat, type ChatRequest } from "../common/chat.ts";
import { HttpFailure } from "../common/http.ts";
import { messagesFor, nextTurn, playerOf, SEATS, type Match, type Turn } from "./match.ts";

export interface Listener {
  /** A turn has begun. It takes the place of one that has failed or was stopped, if there is such a one. */
  begun(turn: Turn, instead: Turn | null): void;
  /** More of its answer is there, or it has ended. */
  changed(turn: Turn): void;
  ended(turn: Turn): void;
  /** Nothing runs any more. */
  rests(): void;
}

type Plan = Omit<Turn, "answer" | "state" | "failure">;

export class Play {
  private abort = new AbortController();
  private running = 0;

  constructor(
    readonly match: Match,
    private readonly token: () => string,
    private readonly listener: Listener,
  ) {}

  get isRunning(): boolean {
    return this.running > 0;
  }

  get isOver(): boolean {
    return this.match.settings.mode === "talk" && nextTurn(this.match) === null;
  }

  /** Begin a talk, or go on with one that was stopped or in which a turn has failed. */
  async talk(): Promise<void> {
    await this.run(async () => {
      for (let plan = nextTurn(this.match); plan; plan = nextTurn(this.match)) {
        const last = this.match.turns.at(-1);
        const state = await this.speak(plan, last && last.state !== "done" ? last : null);
        if (state !== "done") return;
      }
    });
  }

  /** Both answer. */
  async ask(prompt: string): Promise<void> {
    const round = (this.match.turns.at(-1)?.round ?? 0) + 1;
    await this.run(async () => {
      await Promise.all(
        SEATS.map((seat) => this.speak({ seat, part: "reply", round, question: 1, instruction: prompt }, null)),
      );
    });
  }

  /** Ask one seat once more. */
  async again(turn: Turn): Promise<void> {
    if (this.match.settings.mode === "talk") await this.talk();
    else await this.run(async () => void (await this.speak(turn, turn)));
  }

  stop(): void {
    this.abort.abort();
  }

  private async run(work: () => Promise<void>): Promise<void> {
    if (this.running === 0) this.abort = new AbortController();
    this.running += 1;
    try {
      await work();
    } finally {
      this.running -= 1;
      if (this.running === 0) this.listener.rests();
    }
  }

  private async speak({ seat, part, round, question, instruction }: Plan, instead: Turn | null): Promise<Turn["state"]> {
    const turn: Turn = {
      seat, part, round, question, instruction, answer: emptyAnswer(), state: "running", failure: null,
    };
    const { match, abort } = this;
    const place = instead ? match.turns.indexOf(instead) : match.turns.length;
    const messages = messagesFor(match, seat, match.turns.slice(0, place), instruction);
    match.turns[place] = turn;
    this.listener.begun(turn, instead);
    try {
      await streamChat(this.request(turn, messages), {
        token: this.token(),
        signal: abort.signal,
        onChange: (answer) => {
          turn.answer = answer;
          this.listener.changed(turn);
        },
      });
      if (!turn.answer.text) throw new HttpFailure(200, "the model has said nothing");
      turn.state = "done";
    } catch (error) {
      turn.state = abort.signal.aborted ? "stopped" : "failed";
      turn.failure = turn.state === "failed" ? asFailure(error) : null;
      turn.answer.timing.ended ??= performance.now();
    }
    this.listener.changed(turn);
    this.listener.ended(turn);
    return turn.state;
  }

  private request({ seat }: Turn, messages: ChatRequest["messages"]): ChatRequest {
    const { maxTokens } = this.match.settings;
    return { model: playerOf(this.match, seat).model, messages, ...(maxTokens === null ? {} : { max_tokens: maxTokens }) };
  }
}

const asFailure = (error: unknown): HttpFailure =>
  error instanceof HttpFailure ? error : new HttpFailure(0, error instanceof Error ? error.message : String(error));
