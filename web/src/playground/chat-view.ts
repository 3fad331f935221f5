// The conversation: turns, and the answer that is under way.

import { emptyAnswer, streamChat, type ChatRequest } from "../common/chat.ts";
import { h, replace, type Child } from "../common/dom.ts";
import { HttpFailure } from "../common/http.ts";
import { announce } from "../common/shell.ts";
import { Spoken } from "../common/spoken.ts";
import { AnswerView } from "./answer.ts";
import { showCode } from "./code-dialog.ts";
import type { Draft } from "./composer.ts";
import type { AnswerTurn, Turn } from "./conversation.ts";
import { t } from "./texts.ts";
import { action, resultsTurn, userTurn } from "./turns.ts";

export interface ChatOptions {
  /** The request for turns with the settings of now; `null` if they cannot be used, and the user knows why. */
  request: (turns: readonly Turn[]) => ChatRequest | null;
  token: () => string;
  /** An answer has begun or ended. */
  onRunning: (running: boolean) => void;
  /** What is shown when nothing was said yet. */
  empty: Child;
}

export class ChatView {
  readonly element = h("div", { class: "conversation", tabindex: "0", role: "region", "aria-label": t("conversation") });
  private readonly list = h("div", { class: "turns" });
  private turns: Turn[] = [];
  private views: (AnswerView | null)[] = [];
  private abort: AbortController | null = null;
  private follows = true;

  constructor(private readonly options: ChatOptions) {
    this.element.append(this.list);
    this.element.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.element;
      this.follows = scrollHeight - scrollTop - clientHeight < 80;
    });
    new ResizeObserver(() => this.scroll()).observe(this.list);
    this.clear();
  }

  get all(): readonly Turn[] {
    return this.turns;
  }

  /** Whether it was sent. */
  send({ text, images }: Draft): boolean {
    return this.goOn([...this.turns, { kind: "user", text, images }]);
  }

  stop(): void {
    this.abort?.abort();
  }

  clear(): void {
    this.stop();
    this.abort = null;
    this.options.onRunning(false);
    this.turns = [];
    this.views = [];
    replace(this.list, h("div", { class: "empty" }, this.options.empty));
  }

  /** Go on with these turns, of which the first ones may be on the page, and ask for an answer. */
  private goOn(turns: Turn[]): boolean {
    const request = this.options.request(turns);
    if (!request) return false;
    this.stop();
    const same = turns.findIndex((turn, index) => turn !== this.turns[index]);
    this.cut(same < 0 ? turns.length : same);
    for (const turn of turns.slice(this.turns.length)) this.add(turn, null);
    void this.answer(request);
    return true;
  }

  private cut(length: number): void {
    this.turns.length = this.views.length = length;
    while (this.list.children.length > length || this.list.querySelector(":scope > .empty")) this.list.lastChild?.remove();
  }

  private add(turn: Turn, view: AnswerView | null): void {
    const index = this.turns.length;
    this.views.at(-1)?.close();
    this.turns.push(turn);
    this.views.push(view);
    if (view) this.list.append(view.element);
    else if (turn.kind === "user") {
      this.list.append(userTurn(turn, (text) => this.goOn([...this.turns.slice(0, index), { ...turn, text }])));
    } else if (turn.kind === "results") this.list.append(resultsTurn(turn));
  }

  private async answer(request: ChatRequest): Promise<void> {
    const abort = (this.abort = new AbortController());
    const turn: AnswerTurn = { kind: "answer", model: request.model, request, answer: emptyAnswer(), state: "running", failure: null };
    const view = this.answerView(turn);
    this.add(turn, view);
    this.follows = true;
    this.scroll();
    this.options.onRunning(true);
    announce(t.now("running"));
    const spoken = new Spoken();
    try {
      await streamChat(request, {
        token: this.options.token(),
        signal: abort.signal,
        onChange: (answer) => {
          turn.answer = answer;
          spoken.follow(answer.text);
          view.update();
        },
      });
      turn.state = "done";
    } catch (error) {
      turn.state = abort.signal.aborted ? "stopped" : "failed";
      turn.failure = turn.state === "failed" ? asFailure(error) : null;
      turn.answer.timing.ended ??= performance.now();
    }
    view.update();
    if (this.abort !== abort) return;
    this.abort = null;
    this.options.onRunning(false);
    if (turn.state !== "failed") spoken.end(turn.answer.text, t.now(turn.state === "done" ? "complete" : "stopped"));
  }

  private answerView(turn: AnswerTurn): AnswerView {
    const index = this.turns.length;
    const before = (): Turn[] => this.turns.slice(0, index);
    const actions = h(
      "div",
      { class: "row actions" },
      action("retry", t("retry"), () => this.goOn(before())),
      action("code", t("code"), () => showCode(turn.request)),
    );
    return new AnswerView(turn, actions, (contents) => {
      const results = turn.answer.toolCalls.map((call, place) => ({ call, content: contents[place] ?? "" }));
      this.goOn([...before(), turn, { kind: "results", results }]);
    });
  }

  private scroll(): void {
    if (this.follows && this.turns.length) this.element.scrollTop = this.element.scrollHeight;
  }
}

const asFailure = (error: unknown): HttpFailure =>
  error instanceof HttpFailure ? error : new HttpFailure(0, error instanceof Error ? error.message : String(error));

