// Calls of tools in an answer, and fields in which their results are written by hand.

import type { ToolCall } from "../common/chat.ts";
import { foreign, h, replace } from "../common/dom.ts";
import { icon } from "../common/icons.ts";
import { code } from "../common/markdown/blocks.ts";
import { withVisibleDirections } from "../common/visible.ts";
import { t } from "./texts.ts";

let count = 0;

export class ToolCalls {
  readonly element = h("div", { class: "stack", hidden: true });
  private shown = "";
  private inputs: HTMLTextAreaElement[] = [];

  constructor(private readonly sendResults: (results: string[]) => void) {}

  show(calls: readonly ToolCall[], canAnswer: boolean): void {
    const size = calls.reduce((sum, each) => sum + each.function.name.length + each.function.arguments.length, 0);
    const state = `${calls.length} ${size} ${canAnswer}`;
    if (state === this.shown) return;
    this.shown = state;
    this.inputs = [];
    this.element.hidden = !calls.length;
    replace(this.element, calls.map((call) => this.card(call, canAnswer)), calls.length && canAnswer ? this.button() : null);
  }

  close(): void {
    for (const form of this.element.querySelectorAll(".tool-answer")) form.remove();
  }

  private card(call: ToolCall, canAnswer: boolean): HTMLElement {
    const { name } = call.function;
    const card = h(
      "section",
      { class: "tool-call card" },
      h("h3", { class: "row" }, icon("tool"), h("span", { class: "visually-hidden" }, t("toolCall")), foreign(name, { class: "mono" })),
      code(readable(call.function.arguments), "json", !canAnswer),
    );
    if (canAnswer) {
      const id = `tool-result-${(count += 1)}`;
      const input = h("textarea", { id, rows: "2", class: "mono", placeholder: t("resultHint") });
      this.inputs.push(input);
      card.append(h("div", { class: "field tool-answer" }, h("label", { class: "label", for: id }, t("result")), input));
    }
    return card;
  }

  private button(): HTMLElement {
    const button = h("button", { class: "button primary", type: "button" }, t("sendResults"));
    button.addEventListener("click", () => this.sendResults(this.inputs.map((each) => each.value)));
    return h("div", { class: "row tool-answer" }, button);
  }
}

const MOST_SHOWN = 100_000;

/** Arguments with line breaks if they are complete. */
function readable(text: string): string {
  const cut = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
  try {
    return withVisibleDirections(JSON.stringify(JSON.parse(cut), null, 2));
  } catch {
    return withVisibleDirections(cut);
  }
}
