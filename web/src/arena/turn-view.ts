// One thing that a seat has said.

import { foreign, h, replace, type Child } from "../common/dom.ts";
import { throttled } from "../common/frames.ts";
import { icon } from "../common/icons.ts";
import type { LiveText } from "../common/i18n.ts";
import { MarkdownView } from "../common/markdown/view.ts";
import { numbers } from "../common/measurements.ts";
import { failureNotice } from "../common/failure.ts";
import type { Turn } from "./match.ts";
import { t } from "./texts.ts";

export class TurnView {
  readonly element: HTMLElement;
  private readonly reasoning = new MarkdownView();
  private readonly fold = h("details", { class: "reasoning", hidden: true }, h("summary", {}, t("thinking")));
  private readonly text = new MarkdownView();
  private readonly wait = h("p", { class: "waiting", "aria-hidden": "true" }, h("span"), h("span"), h("span"));
  private readonly end = h("div", { class: "stack turn-end" });
  private readonly footer = h("footer", { class: "turn-footer muted" });
  private readonly draw = throttled(() => this.drawNow());

  constructor(
    private readonly turn: Turn,
    nickname: string,
    private readonly retry: () => void,
  ) {
    this.fold.append(this.reasoning.element);
    const title = titleOf(turn, nickname);
    this.element = h(
      "article",
      { class: `turn seat-${turn.seat} is-${turn.part}`, "aria-label": title },
      h("header", { class: "turn-header", "aria-hidden": "true" }, avatar(nickname), h("span", {}, title)),
      h("div", { class: "bubble" }, this.fold, this.text.element, this.wait, this.end),
      this.footer,
    );
    this.draw();
  }

  update(): void {
    this.draw();
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
    if (isRunning) return;
    this.reasoning.end();
    this.text.end();
    replace(this.footer, numbers(answer, false).map((each) => h("span", {}, each)));
    replace(this.end, this.ending());
  }

  private ending(): Child[] {
    const { state, failure, answer } = this.turn;
    const again = (): HTMLElement =>
      h("button", { class: "button small", type: "button", onclick: this.retry }, icon("retry"), t("retry"));
    return [
      failure && failureNotice(failure),
      answer.finishReason === "length" && h("p", {}, h("span", { class: "chip warn" }, t("cut"))),
      (state === "failed" || state === "stopped") &&
        h("p", { class: "row" }, state === "stopped" && h("span", { class: "chip warn" }, t("stopped")), again()),
    ];
  }
}

/** The first letter of a name, for the eye. */
export function avatar(nickname: string): HTMLElement {
  const [first] = new Intl.Segmenter().segment(nickname);
  return h("span", { class: "avatar", "aria-hidden": "true" }, foreign(first?.segment.toUpperCase() ?? ""));
}

function titleOf({ part, question }: Turn, name: string): LiveText {
  if (part === "question") return t("askedNumber", { name, n: question });
  return part === "answer" ? t("answered", { name }) : () => name;
}
