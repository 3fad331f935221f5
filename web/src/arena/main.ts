// The arena: two models talk to each other, or answer the same prompts, and the reader guesses who is who.

import "../common/base.css"; // before the page's own rules
import "./arena.css";
import { h, replace, type Child } from "../common/dom.ts";
import { icon, type Icon } from "../common/icons.ts";
import type { LiveText } from "../common/i18n.ts";
import { shell } from "../common/shell.ts";
import { newMatch, SEATS, type Match, type Settings, type Vote } from "./match.ts";
import { Play } from "./play.ts";
import { Setup } from "./setup.ts";
import { Stage } from "./stage.ts";
import { t } from "./texts.ts";
import { asJson, asMarkdown } from "./transcript.ts";

const setup = new Setup();
const intro = h("p", { class: "muted intro" });
const blind = h("input", { type: "checkbox", id: "arena-blind", "aria-describedby": "arena-blind-hint", checked: true });
const field = h("div", { class: "field-of-play" });
const status = h("p", { class: "grow status" });
const modes = (["talk", "same"] as const).map((mode) => ({
  mode,
  radio: h("input", { type: "radio", name: "mode", value: mode, checked: mode === "talk", onchange: () => showMode(mode) }),
}));

let play: Play | null = null;

const start = h("button", { class: "button primary", type: "submit" }, icon("play"), t("play"));
const stop = button("stop", t("stop"), () => play?.stop());
const goOn = button("play", t("goOn"), () => void play?.talk(), "primary");
const again = button("plus", t("newMatch"), () => leave());
const saveMarkdown = button("download", t("saveMarkdown"), () => save("md"));
const saveJson = button("code", t("saveJson"), () => save("json"));

const heading = h(
  "form",
  { class: "arena-setup stack", "aria-label": t("title"), novalidate: true, onsubmit: whenLoaded },
  h("div", { class: "hero" }, h("h1", {}, t("title")), intro),
  h(
    "div",
    { class: "row choose" },
    h(
      "fieldset",
      { class: "segments", "aria-label": t("mode") },
      modes.map(({ mode, radio }) => h("label", {}, radio, h("span", {}, t(mode)))),
    ),
    h("label", { class: "row blind", for: "arena-blind" }, blind, t("blind")),
    h("span", { class: "small muted grow", id: "arena-blind-hint" }, t("blindHint")),
    start,
  ),
  setup.element,
);

function showMode(mode: Settings["mode"]): void {
  setup.show(mode);
  replace(intro, t(mode === "talk" ? "intro" : "introSame"));
}

/** A click that comes before the list of models begins the match when the list is there. */
function whenLoaded(event: Event): void {
  event.preventDefault();
  void loading.then(() => {
    if (!play) begin();
  });
}

function begin(): void {
  const mode = modes.find(({ radio }) => radio.checked)?.mode ?? "talk";
  setup.show(mode);
  const read = setup.read(blind.checked);
  if (!read) return;
  const match = newMatch(read.settings);
  const shown = new Stage(match, (turn) => void running.again(turn));
  const running = (play = new Play(match, () => setup.token, {
    begun(turn, instead) {
      shown.closeVote();
      shown.begun(turn, instead);
      bar();
    },
    changed: (turn) => shown.changed(turn),
    ended: (turn) => shown.ended(turn),
    rests: () => rests(running, shown),
  }));
  replace(field, matchBar, shown.element);
  void (mode === "talk" ? running.talk() : running.ask(read.prompt));
  stop.focus();
}

/** All that can be done while nothing is said. */
function rests(ended: Play, shown: Stage): void {
  if (play !== ended) return; // the user has left the match
  const hadFocus = document.activeElement === stop;
  bar();
  if (hadFocus) (goOn.hidden ? again : goOn).focus();
  const { match } = ended;
  const canVote = !match.isRevealed && hasBothSaid(match);
  if (canVote) shown.offerVote((vote) => reveal(match, shown, vote));
  shown.tell(ended.isOver ? t.now("over") : "", canVote ? t.now("canVote") : "");
  if (match.settings.mode === "same") shown.offerPrompt((prompt) => void ended.ask(prompt));
}

const hasBothSaid = ({ turns }: Match): boolean =>
  SEATS.every((seat) => turns.some((turn) => turn.seat === seat && turn.state === "done"));

function reveal(match: Match, shown: Stage, vote: Vote | null): void {
  match.vote = vote;
  match.isRevealed = true;
  shown.reveal();
}

function leave(): void {
  play?.stop();
  play = null;
  replace(field, heading);
  start.focus();
}

const matchBar = h(
  "div",
  { class: "bar row", role: "toolbar", "aria-label": t("match") },
  status, stop, goOn, again, saveMarkdown, saveJson,
);

function bar(): void {
  if (!play) return;
  const { match, isRunning, isOver } = play;
  const { mode, rounds, questions } = match.settings;
  const last = match.turns.at(-1);
  const values = { round: last?.round ?? 1, rounds, question: last?.question ?? 1, questions };
  replace(status, isOver ? t("over") : mode === "talk" ? t("progress", values) : t("promptN", { n: values.round }));
  stop.hidden = !isRunning;
  goOn.hidden = isRunning || isOver || mode !== "talk";
}

function save(kind: "md" | "json"): void {
  if (!play) return;
  const now = new Date();
  const text = kind === "md" ? asMarkdown(play.match, now) : asJson(play.match, now);
  const address = URL.createObjectURL(new Blob([text], { type: kind === "md" ? "text/markdown" : "application/json" }));
  h("a", { href: address, download: `arena.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function button(name: Icon, label: LiveText, run: () => void, more = "bar-button"): HTMLButtonElement {
  const children: Child[] = [icon(name), h("span", {}, label)];
  return h("button", { class: `button ${more}`, type: "button", title: label, onclick: run }, children);
}

const { main } = shell("arena", ["playground", "arena"]);
main.classList.add("arena");
main.append(field);
field.append(heading);
showMode("talk");
const loading = setup.load();
performance.mark("interactive");
