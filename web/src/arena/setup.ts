// What a match is made of: players, rules, and the prompt. It is filled with the game, so that one click plays it.

import { h } from "../common/dom.ts";
import { icon } from "../common/icons.ts";
import { language, type LiveText } from "../common/i18n.ts";
import { ModelPicker } from "../common/models.ts";
import { ofTab } from "../common/settings.ts";
import { InvalidField, mark, NumberField, problemLine, TextField } from "./fields.ts";
import game from "./game.json";
import type { Player, Settings } from "./match.ts";
import { t } from "./texts.ts";

const PLACEHOLDERS = "{round} {rounds} {question} {questions} {me} {other}";
const FOR_ROLES = "{me} {other}";

export class Setup {
  readonly element: HTMLElement;
  readonly key = h("input", { type: "password", id: "arena-key", autocomplete: "off", "aria-describedby": "arena-key-hint" });
  private readonly players = [new PlayerFields(0), new PlayerFields(1)] as const;
  private readonly nicknames = [nickname(0), nickname(1)] as const;
  private readonly rounds = new NumberField("rounds", t("rounds"), { least: 1, most: 20 }, 2);
  private readonly questions = new NumberField("questions", t("questions"), { least: 1, most: 20 }, 3);
  private readonly maxTokens = new NumberField("max-tokens", t("maxTokens"), { least: 1, most: 1_000_000 }, null, t("maxTokensHint"));
  private readonly opening = new TextField("opening", {
    label: t("opening"),
    hint: t("placeholders", { list: PLACEHOLDERS }),
    byDefault: () => game[language()].opening,
    rows: 3,
    isNeeded: true,
  });
  private readonly prompt = new TextField("prompt", { label: t("prompt"), byDefault: () => game[language()].prompt, rows: 3, isNeeded: true });
  private readonly ofTalk = h("div", { class: "stack" });
  private mode: Settings["mode"] = "talk";

  constructor() {
    this.key.value = ofTab.get("token");
    this.key.addEventListener("change", () => {
      ofTab.set("token", this.token);
      void this.load();
    });
    this.ofTalk.append(h("div", { class: "numbers-of-rules" }, this.rounds.element, this.questions.element), this.opening.element);
    this.element = h(
      "div",
      { class: "setup" },
      h("div", { class: "players" }, this.players.map((each) => each.element)),
      h(
        "section",
        { class: "card stack part-of-setup", "aria-labelledby": "arena-rules" },
        h("div", { class: "row" }, h("h2", { id: "arena-rules", class: "grow" }, t("rules")), this.resetButton()),
        this.prompt.element,
        this.ofTalk,
        h("div", { class: "numbers-of-rules" }, this.nicknames.map((each) => each.element)),
        h("div", { class: "numbers-of-rules" }, this.maxTokens.element, this.keyField()),
      ),
    );
    this.show("talk");
  }

  get token(): string {
    return this.key.value.trim();
  }

  show(mode: Settings["mode"]): void {
    this.mode = mode;
    this.ofTalk.hidden = mode !== "talk";
    this.prompt.element.hidden = mode !== "same";
    for (const each of this.players) each.show(mode);
  }

  /** The models that the gateway lists. */
  async load(): Promise<void> {
    await Promise.all(this.players.map((each) => each.models.load(this.token)));
  }

  /** The settings, and the prompt for both; `null`: the user is told what to correct. */
  read(isBlind: boolean): { settings: Settings; prompt: string } | null {
    const isTalk = this.mode === "talk";
    try {
      const settings: Settings = {
        mode: this.mode,
        nicknames: [this.nicknames[0].read(), this.nicknames[1].read()],
        players: [this.players[0].read(), this.players[1].read()],
        rounds: isTalk ? (this.rounds.read() as number) : 1,
        questions: isTalk ? (this.questions.read() as number) : 1,
        opening: isTalk ? this.opening.read() : "",
        isBlind,
        maxTokens: this.maxTokens.read(),
      };
      return { settings, prompt: isTalk ? "" : this.prompt.read() };
    } catch (error) {
      if (!(error instanceof InvalidField)) throw error;
      error.control.focus();
      return null;
    }
  }

  private reset(): void {
    const { players, nicknames, rounds, questions, maxTokens, opening, prompt } = this;
    for (const each of [...players, ...nicknames, rounds, questions, maxTokens, opening, prompt]) each.reset();
  }

  private resetButton(): HTMLElement {
    return h(
      "button",
      { class: "button quiet small", type: "button", title: t("resetHint"), onclick: () => this.reset() },
      icon("retry"),
      t("reset"),
    );
  }

  private keyField(): HTMLElement {
    return h(
      "div",
      { class: "field" },
      h("label", { class: "label", for: "arena-key" }, t("key")),
      this.key,
      h("p", { class: "hint", id: "arena-key-hint" }, t("keyHint")),
    );
  }
}

class PlayerFields {
  readonly element: HTMLElement;
  readonly models: ModelPicker;
  private readonly name: TextField;
  private readonly role: TextField;
  private readonly problem = problemLine();
  /** Side by side, nobody plays a role unless the user gives one. */
  private hasRoles = true;

  constructor(private readonly place: 0 | 1) {
    const n = place + 1;
    const label: LiveText = () => `${t.now("model")}, ${t.now("player", { n })}`;
    this.models = new ModelPicker(`arena-${n}`, label, (names) => (names.includes(this.usual) ? this.usual : (names[place] ?? names[0])));
    this.name = new TextField(`name-${n}`, { label: t("playerName"), byDefault: () => (this.hasRoles ? this.game.name : ""), hint: t("playerNameHint") });
    this.role = new TextField(`role-${n}`, {
      label: t("role"),
      hint: t("placeholders", { list: FOR_ROLES }),
      byDefault: () => (this.hasRoles ? this.game.role : ""),
      rows: 5,
    });
    this.element = h(
      "section",
      { class: "card stack part-of-setup player", "aria-labelledby": `arena-player-${n}` },
      h("h2", { id: `arena-player-${n}` }, t("player", { n })),
      h("div", { class: "field" }, h("span", { class: "label", "aria-hidden": "true" }, t("model")), this.models.element),
      this.problem,
      this.models.notice,
      this.name.element,
      this.role.element,
    );
  }

  show(mode: Settings["mode"]): void {
    this.hasRoles = mode === "talk";
    this.name.refill();
    this.role.refill();
  }

  /** Throws `InvalidField`. */
  read(): Player {
    const { model } = this.models;
    const picker = this.models.element;
    const control = (picker.querySelector("input:not([hidden])") ?? picker.querySelector("select")) as HTMLElement;
    mark(control, this.problem, model ? null : t("needed"));
    if (!model) throw new InvalidField(control);
    return { name: this.name.read() || model, model, role: this.role.read() };
  }

  reset(): void {
    this.name.reset();
    this.role.reset();
  }

  private get game(): (typeof game)["en"]["players"][number] {
    return game[language()].players[this.place] as (typeof game)["en"]["players"][number];
  }

  private get usual(): string {
    return this.game.model;
  }
}

function nickname(place: 0 | 1): TextField {
  const n = place + 1;
  return new TextField(`nickname-${n}`, {
    label: t("nickname", { n }),
    byDefault: () => game[language()].seats[place] as string,
    isNeeded: true,
  });
}
