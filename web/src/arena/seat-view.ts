// The head of a seat: who it is as far as that is known, what it does, and what its answers have cost.

import { measured } from "../common/chat.ts";
import { foreign, h, replace, type Child } from "../common/dom.ts";
import { throttled } from "../common/frames.ts";
import { number } from "../common/i18n.ts";
import { answeredBy, playerOf, type Match, type Seat, type Turn } from "./match.ts";
import { t } from "./texts.ts";
import { avatar } from "./turn-view.ts";

const MOST_NAME = 80;

export class SeatView {
  readonly element: HTMLElement;
  private readonly who = h("p", { class: "who small" });
  private readonly state = h("span", { class: "chip state" });
  private readonly numbers = h("ul", { class: "row seat-numbers muted" });
  private readonly draw = throttled(() => this.drawNow());

  constructor(
    private readonly match: Match,
    private readonly seat: Seat,
  ) {
    const name = match.settings.nicknames[seat];
    this.element = h(
      "section",
      { class: `seat card seat-${seat}`, "aria-label": t("seat", { n: seat + 1, name }) },
      avatar(name),
      h("div", { class: "seat-head" }, h("h2", {}, foreign(name)), this.state, this.who),
      this.numbers,
    );
    this.drawNow();
  }

  update(): void {
    this.draw();
  }

  private drawNow(): void {
    const { match, seat } = this;
    const turns = match.turns.filter((turn) => turn.seat === seat);
    const running = turns.find((turn) => turn.state === "running");
    this.element.classList.toggle("speaks", running !== undefined);
    replace(this.state, running ? t(running.part === "question" ? "asking" : "answering") : t("waits"));
    this.state.hidden = running === undefined;
    replace(this.who, this.known());
    replace(this.numbers, totals(turns));
  }

  private known(): Child[] {
    const { match, seat } = this;
    if (!match.isRevealed) return [h("span", { class: "muted" }, t("hidden"))];
    const { model } = playerOf(match, seat);
    const service = answeredBy(match, seat).filter((each) => each !== model);
    return [modelName(model), service.length ? [" → ", service.slice(0, 3).map(modelName)] : null];
  }
}

/** Cut: services may answer with any name. */
export function modelName(name: string): HTMLElement {
  return foreign(name.length > MOST_NAME ? `${name.slice(0, MOST_NAME)}…` : name, { class: "mono" });
}

function totals(turns: readonly Turn[]): Child[] {
  const found = turns.map((turn) => measured(turn.answer));
  const tokens = sum(found.map((each) => each.outputTokens ?? 0));
  const pieces = sum(turns.filter((turn) => !turn.answer.usage).map((turn) => turn.answer.pieces));
  const waits = found.flatMap((each) => each.firstTokenMs ?? []);
  const mean = waits.length ? sum(waits) / waits.length : null;
  return [
    // While an answer is under way, its pieces are the nearest that is known.
    tokens + pieces > 0 && h("li", {}, () => t.now("tokens", { n: number(tokens + pieces) })),
    mean !== null && h("li", { title: t("meanOf", { n: waits.length }) }, () => t.now("firstToken", { n: number(mean) })),
  ];
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
