// The vote of a blind match, and what it reveals.

import { foreign, h, type Child } from "../common/dom.ts";
import type { LiveText } from "../common/i18n.ts";
import { ofTab } from "../common/settings.ts";
import { answeredBy, isRight, other, playerOf, SEATS, type Better, type Match, type Seat, type Vote } from "./match.ts";
import { modelName } from "./seat-view.ts";
import { t } from "./texts.ts";
import { avatar } from "./turn-view.ts";

/** `decided` is called with the reader's vote, or with `null` for a reveal without one. */
export function voteForm({ settings }: Match, decided: (vote: Vote | null) => void): HTMLElement {
  const { nicknames, players } = settings;
  const [first, second] = nicknames;
  const who = SEATS.map((seatOfFirst) => {
    const [player, otherPlayer] = [players[seatOfFirst].name, players[other(seatOfFirst)].name];
    return radio("who", seatOfFirst, t("voteOption", { first, second, player, otherPlayer }), true);
  });
  const better = [...SEATS.map((seat) => radio("better", seat, () => nicknames[seat])), radio("better", "equal", t("equal"))];
  const form = h(
    "form",
    { class: "card stack vote", "aria-label": t("voteTitle") },
    h("fieldset", {}, h("legend", {}, t("voteTitle")), h("div", { class: "stack choices" }, who)),
    h("fieldset", {}, h("legend", {}, t("betterTitle")), h("div", { class: "row choices" }, better)),
    h(
      "div",
      { class: "row" },
      h("button", { class: "button primary", type: "submit" }, t("vote")),
      h("button", { class: "button quiet", type: "button", onclick: () => decided(null) }, t("reveal")),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = new FormData(form);
    decided({ seatOfFirst: Number(chosen.get("who")) as Seat, better: betterOf(chosen.get("better")) });
  });
  return form;
}

export function result(match: Match): HTMLElement {
  const { vote, settings } = match;
  const right = isRight(match);
  if (right !== null) count(right);
  return h(
    "section",
    { class: "card stack result", "aria-labelledby": "arena-result", tabindex: "-1" },
    h("h2", { id: "arena-result" }, right === null ? t("revealed") : t(right ? "right" : "wrong")),
    h("ul", { class: "stack reveal" }, SEATS.map((seat) => revealed(match, seat))),
    vote && vote.better !== null &&
      h("p", {}, t("betterWas"), ": ", vote.better === "equal" ? t("equal") : foreign(settings.nicknames[vote.better])),
    right !== null && h("p", { class: "small muted" }, t("tally", tally())),
  );
}

function revealed(match: Match, seat: Seat): HTMLElement {
  const name = match.settings.nicknames[seat];
  const player = playerOf(match, seat);
  const service = answeredBy(match, seat);
  return h(
    "li",
    { class: `row seat-${seat}` },
    avatar(name),
    h(
      "div",
      { class: "grow" },
      h("p", {}, h("strong", {}, t("was", { name, player: player.name }))),
      h(
        "p",
        { class: "small muted" },
        t("askedModel"), " ", modelName(player.model),
        service.length ? [", ", t("answeredByLabel"), " ", service.slice(0, 3).map(modelName)] : null,
      ),
    ),
  );
}

function radio(name: string, value: string | number, label: LiveText, isNeeded = false): Child {
  return h("label", { class: "choice" }, h("input", { type: "radio", name, value, required: isNeeded }), h("bdi", {}, label));
}

function betterOf(value: FormDataEntryValue | null): Better | null {
  if (value === null) return null;
  return value === "equal" ? value : (Number(value) as Seat);
}

/** Guesses of this tab. */
function tally(): { right: number; all: number } {
  const [right = 0, all = 0] = ofTab.get("arena.guesses").split("/").map(Number);
  return { right, all };
}

function count(isGuessRight: boolean): void {
  const { right, all } = tally();
  ofTab.set("arena.guesses", `${right + Number(isGuessRight)}/${all + 1}`);
}
