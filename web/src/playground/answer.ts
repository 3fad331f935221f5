// An answer: reasoning, text, calls of tools, an error, and what was measured.

import { foreign, h, replace, type Child } from "../common/dom.ts";
import { throttled } from "../common/frames.ts";
import { MarkdownView } from "../common/markdown/view.ts";
import { failureNotice } from "../common/failure.ts";
import { numbers } from "../common/measurements.ts";
import type { AnswerTurn } from "./conversation.ts";
import { t } from "./texts.ts";
import { ToolCalls } from "./tool-calls.ts";

export class AnswerView {
  readonly element: HTMLElement;
  private readonly model = h("h2", { class: "answer-model" });
  private readonly chip = h("span", { class: "chip", hidden: true });
  private readonly reasoning = new MarkdownView();
  private readonly fold = h("details", { class: "reasoning", hidden: true }, h("summary", {}, t("thinking")));
  private readonly text = new MarkdownView();
  private readonly wait = h("p", { class: "muted waiting" }, t("running"));
  private readonly calls: ToolCalls;
  private readonly end = h("div", { class: "stack answer-end" });
  private readonly numbers = h("ul", { class: "row numbers" });
  private readonly draw = throttled(() => this.drawNow());

  /** `actions`: buttons for an answer that is complete. `sendResults`: of the tools that it calls. */
  constructor(
    private readonly turn: AnswerTurn,
    private readonly actions: HTMLElement,
    sendResults: (results: string[]) => void,
  ) {
    this.calls = new ToolCalls(sendResults);
    this.fold.append(this.reasoning.element);
    replace(this.model, foreign(turn.model));
    this.element = h(
      "article",
      { class: "turn answer", "aria-label": () => turn.model },
      h("header", { class: "turn-header" }, this.model, this.chip),
      this.fold,
      this.text.element,
      this.wait,
      this.calls.element,
      this.end,
      h("footer", { class: "turn-footer" }, this.numbers, actions),
    );
    this.draw();
  }

  /** The turn has changed. */
  update(): void {
    this.draw();
  }

  /** The conversation has gone on: its tool calls can no longer be answered. */
  close(): void {
    this.calls.close();
  }

  private drawNow(): void {
    const { turn } = this;
    const { answer } = turn;
    const isRunning = turn.state === "running";
    this.element.setAttribute("aria-busy", String(isRunning));
    this.fold.hidden = !answer.reasoning;
    this.reasoning.show(answer.reasoning);
    this.text.show(answer.text);
    this.wait.hidden = !isRunning || answer.text !== "";
    if (answer.model && answer.model !== turn.model) {
      replace(this.chip, t("asModel", { model: "" }), foreign(answer.model));
      this.chip.hidden = false;
    }
    this.calls.show(answer.toolCalls, turn.state === "done");
    this.actions.hidden = isRunning;
    replace(this.numbers, numbers(answer, isRunning).map((each) => h("li", { class: "chip" }, each)));
    if (!isRunning) {
      this.reasoning.end();
      this.text.end();
      replace(this.end, ending(turn));
    }
  }
}

function ending(turn: AnswerTurn): Child[] {
  const { answer, failure, state } = turn;
  const isEmpty = !answer.text && !answer.toolCalls.length;
  return [
    failure && failureNotice(failure),
    state === "stopped" && h("p", {}, h("span", { class: "chip warn" }, t("stopped"))),
    answer.finishReason === "length" && h("p", {}, h("span", { class: "chip warn" }, t("finishLength"))),
    answer.finishReason === "content_filter" && h("p", {}, h("span", { class: "chip warn" }, t("finishFilter"))),
    state === "done" && isEmpty && h("p", { class: "muted" }, t("empty")),
  ];
}
