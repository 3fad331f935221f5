// What is wrong with the text, in one list: each entry leads to its field and its line.

import { foreign, h, replace } from "../../common/dom.ts";
import { texts } from "../../common/i18n.ts";
import { icon } from "../../common/icons.ts";
import type { Problem } from "../api.ts";
import type { Draft } from "./draft.ts";

const t = texts(
  {
    checking: "Checking …",
    ok: "The text can be applied.",
    unchanged: "No changes.",
    one: "1 problem",
    several: "{n} problems",
    line: "line {n}",
  },
  {
    checking: "正在检查……",
    ok: "可以应用。",
    unchanged: "没有更改。",
    one: "1 个问题",
    several: "{n} 个问题",
    line: "第 {n} 行",
  },
);

export class ProblemList {
  readonly element = h("div", { class: "problems" });
  private readonly status = h("p", { class: "small", role: "status" });
  private readonly list = h("ul", { class: "plain" });
  private shown = "";
  private readonly go: (problem: Problem) => void;

  constructor(go: (problem: Problem) => void) {
    this.go = go;
    this.element.append(this.status, this.list);
  }

  show(draft: Draft): void {
    const { problems } = draft;
    const text = JSON.stringify([problems, draft.judged, draft.changed]);
    if (text === this.shown) return;
    this.shown = text;
    replace(this.status, stateOf(draft));
    this.list.classList.toggle("is-stale", !draft.judged);
    replace(
      this.list,
      problems.map((problem) => this.entry(problem)),
    );
  }

  private entry(problem: Problem): HTMLElement {
    return h(
      "li",
      {},
      h(
        "button",
        { class: "problem-link", type: "button", onclick: () => this.go(problem) },
        h("span", { class: "chip bad" }, t("line", { n: problem.line })),
        problem.key && foreign(problem.key, { class: "mono" }),
        foreign(problem.message),
      ),
    );
  }
}

function stateOf(draft: Draft): HTMLElement {
  const { problems } = draft;
  if (!draft.judged) return h("span", { class: "chip" }, t("checking"));
  if (problems.length)
    return h("span", { class: "chip bad" }, problems.length === 1 ? t("one") : t("several", { n: problems.length }));
  return draft.changed
    ? h("span", { class: "chip good" }, icon("check"), t("ok"))
    : h("span", { class: "chip" }, t("unchanged"));
}
