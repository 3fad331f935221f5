// A match on the page: the seats, what is said, the vote, and the next prompt.

import { h } from "../common/dom.ts";
import { icon } from "../common/icons.ts";
import { announce } from "../common/shell.ts";
import { SEATS, type Match, type Turn, type Vote } from "./match.ts";
import { SeatView } from "./seat-view.ts";
import { t } from "./texts.ts";
import { TurnView } from "./turn-view.ts";
import { result, voteForm } from "./vote-view.ts";

/** Characters of an answer that users of a screen reader hear when it is complete; the rest they read in the page. */
const MOST_SPOKEN = 400;
/** Pixels from the end within which the page follows what is added. */
const NEAR = 80;

export class Stage {
  readonly element: HTMLElement;
  private readonly seats: readonly SeatView[];
  private readonly turns = h("div", { class: "turns" });
  private readonly after = h("div", { class: "after" });
  private readonly scroller = h("div", { class: "said", tabindex: "0", role: "region", "aria-label": t("match") });
  private readonly views = new Map<Turn, TurnView>();
  private follows = true;
  private spoken = "";

  constructor(
    private readonly match: Match,
    /** Asks a seat once more. */
    private readonly again: (turn: Turn) => void,
  ) {
    const [first, second] = match.settings.nicknames;
    this.seats = SEATS.map((seat) => new SeatView(match, seat));
    this.scroller.append(this.turns, this.after);
    this.scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.scroller;
      this.follows = scrollHeight - scrollTop - clientHeight < NEAR;
    });
    const resized = new ResizeObserver(() => this.scroll());
    resized.observe(this.turns);
    resized.observe(this.after);
    this.element = h(
      "div",
      { class: `stage mode-${match.settings.mode}` },
      h("h1", { class: "visually-hidden" }, t("matchTitle", { first, second })),
      h("div", { class: "seats" }, this.seats.map((each) => each.element)),
      this.scroller,
    );
  }

  begun(turn: Turn, instead: Turn | null): void {
    const view = new TurnView(turn, this.match.settings.nicknames[turn.seat], () => this.again(turn));
    const replaced = instead && this.views.get(instead);
    if (replaced) replaced.element.replaceWith(view.element);
    else {
      this.headingFor(turn);
      this.turns.append(view.element);
    }
    if (instead) this.views.delete(instead);
    this.views.set(turn, view);
    this.seats[turn.seat]?.update();
    this.follows ||= turn.part === "reply";
    this.scroll();
  }

  changed(turn: Turn): void {
    this.views.get(turn)?.update();
    this.seats[turn.seat]?.update();
  }

  ended(turn: Turn): void {
    const label = this.views.get(turn)?.element.getAttribute("aria-label") ?? "";
    this.spoken = `${label}: ${turn.failure?.message ?? turn.answer.text.slice(0, MOST_SPOKEN)}`;
    announce(this.spoken);
  }

  /** Tell users of a screen reader, after what was said last. */
  tell(...texts: string[]): void {
    announce([this.spoken, ...texts].join(" "));
  }

  /** `decided` is called with the reader's vote. */
  offerVote(decided: (vote: Vote | null) => void): void {
    if (!this.after.querySelector(".vote")) this.after.prepend(voteForm(this.match, decided));
  }

  closeVote(): void {
    this.after.querySelector(".vote")?.remove();
  }

  reveal(): void {
    this.closeVote();
    const shown = result(this.match);
    this.after.prepend(shown);
    for (const seat of this.seats) seat.update();
    shown.focus();
    shown.scrollIntoView({ block: "nearest" });
  }

  /** A further prompt for both. */
  offerPrompt(send: (prompt: string) => void): void {
    const text = h("textarea", { id: "arena-next", rows: 2, maxlength: 20_000, placeholder: t("next") });
    const form = h(
      "form",
      { class: "card next-prompt" },
      h("label", { class: "visually-hidden", for: "arena-next" }, t("next")),
      text,
      h("button", { class: "button", type: "submit" }, icon("arrowUp"), t("send")),
    );
    const submit = (): void => {
      const prompt = text.value.trim();
      if (!prompt) return;
      form.remove();
      send(prompt);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      submit();
    });
    this.after.querySelector(".next-prompt")?.remove();
    this.after.append(form);
  }

  private headingFor({ part, round, question, seat, instruction }: Turn): void {
    const { mode, nicknames } = this.match.settings;
    if (mode === "talk" && part === "question" && question === 1) {
      this.turns.append(h("h3", { class: "round" }, h("span", {}, t("roundAsks", { n: round, name: nicknames[seat] }))));
    }
    if (mode === "same" && seat === 0) {
      this.turns.append(
        h("div", { class: "prompt" }, h("h3", { class: "small muted" }, t("promptN", { n: round })), h("p", { dir: "auto" }, instruction)),
      );
    }
  }

  private scroll(): void {
    if (this.follows) this.scroller.scrollTop = this.scroller.scrollHeight;
  }
}
