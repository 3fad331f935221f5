// Which model answers: one that the gateway lists, or any other name. The choice lasts as long as the tab.
//
//     const picker = new ModelPicker("playground");
//     append(bar, [picker.element]);
//     await picker.load(token);        // again when the token has changed
//     picker.model                     // "" if none is chosen

import { listModels } from "./chat.ts";
import { h, replace } from "./dom.ts";
import { HttpFailure } from "./http.ts";
import { texts, type LiveText } from "./i18n.ts";
import { ofTab } from "./settings.ts";
import { withVisibleControls } from "./visible.ts";

const t = texts(
  {
    model: "Model",
    otherModel: "Another model…",
    modelName: "Name of the model",
    failed: "The list of models could not be loaded: {why}",
  },
  {
    model: "模型",
    otherModel: "其他模型…",
    modelName: "模型名称",
    failed: "无法加载模型列表：{why}",
  },
);

const OTHER = "\0other";
/** Names of models that do not chat go to the end of the list. */
const NOT_FOR_CHATS = /embed|rerank|whisper|tts|dall-e|moderation|transcribe/i;

export class ModelPicker {
  readonly element: HTMLElement;
  private readonly select = h("select");
  private readonly other = h("input", {
    type: "text",
    hidden: true,
    "aria-label": t("modelName"),
    placeholder: t("modelName"),
    autocomplete: "off",
    spellcheck: "false",
  });
  private readonly problem = h("p", { class: "notice warn small", hidden: true, role: "status" });
  private names: string[] = [];

  /** `name`: what the choice is kept under. `first`: which of the listed names is chosen until the user chooses. */
  constructor(
    private readonly name: string,
    label: LiveText = t("model"),
    private readonly first: (names: readonly string[]) => string | undefined = ([first]) => first,
  ) {
    this.select.setAttribute("id", `model-${name}`);
    this.element = h(
      "div",
      { class: "model-picker row grow" },
      h("label", { class: "visually-hidden", for: `model-${name}` }, label),
      this.select,
      this.other,
    );
    this.other.value = ofTab.get(`${name}.other`);
    this.select.addEventListener("change", () => {
      this.chosen();
      if (!this.other.hidden) this.other.focus();
    });
    this.other.addEventListener("input", () => ofTab.set(`${this.name}.other`, this.other.value));
    this.fill();
  }

  /** The chosen name; empty: none. */
  get model(): string {
    return this.select.value === OTHER ? this.other.value.trim() : this.select.value;
  }

  /** Chooses a name, whether it is in the list or not. */
  set model(name: string) {
    const isListed = this.names.includes(name);
    if (!isListed) this.other.value = name;
    this.select.value = isListed ? name : OTHER;
    this.chosen();
  }

  /** Hidden, or why there is no list. */
  get notice(): HTMLElement {
    return this.problem;
  }

  focus(): void {
    (this.other.hidden ? this.select : this.other).focus();
  }

  async load(token: string): Promise<void> {
    try {
      this.names = await listModels(token);
      this.problem.hidden = true;
    } catch (error) {
      const why = error instanceof HttpFailure ? `${error.status || ""} ${error.message}`.trim() : String(error);
      replace(this.problem, t("failed", { why: withVisibleControls(why) }));
      this.problem.hidden = false;
    }
    this.fill();
  }

  private fill(): void {
    const sorted = [...new Set(this.names)].sort((a, b) => Number(NOT_FOR_CHATS.test(a)) - Number(NOT_FOR_CHATS.test(b)));
    const wanted = ofTab.get(`${this.name}.model`) || (this.first(sorted) ?? OTHER);
    replace(
      this.select,
      sorted.map((name) => h("option", { value: name }, withVisibleControls(name).slice(0, 100))),
      h("option", { value: OTHER }, t("otherModel")),
    );
    this.select.value = sorted.includes(wanted) ? wanted : OTHER;
    this.other.hidden = this.select.value !== OTHER;
  }

  private chosen(): void {
    ofTab.set(`${this.name}.model`, this.select.value);
    this.other.hidden = this.select.value !== OTHER;
  }
}
