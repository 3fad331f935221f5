// The settings of requests: their form, and what they add to a request. They last as long as the tab.

import type { ChatRequest } from "../common/chat.ts";
import { h, replace, setAttributes } from "../common/dom.ts";
import { isObject } from "../common/http.ts";
import type { LiveText } from "../common/i18n.ts";
import { ofTab } from "../common/settings.ts";
import { t } from "./texts.ts";

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"];
const NUMBERS = {
  temperature: { label: t("temperature"), least: 0, most: 2, step: "0.1" },
  top_p: { label: t("topP"), least: 0, most: 1, step: "0.05" },
  max_tokens: { label: t("maxTokens"), least: 1, most: 10_000_000, step: "1" },
  seed: { label: t("seed"), least: -(2 ** 53), most: 2 ** 53, step: "1" },
} as const;
type NumberName = keyof typeof NUMBERS;

export const EXAMPLE_TOOLS = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "The weather of a city",
      parameters: {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
      },
    },
  },
];

/** A value that the user has to correct. */
export class InvalidSetting extends Error {
  constructor(
    message: string,
    readonly control: HTMLElement,
  ) {
    super(message);
  }
}

interface Control<Element extends HTMLElement> {
  field: HTMLElement;
  input: Element;
  problem: HTMLElement;
}

export class SettingsForm {
  readonly element: HTMLElement;
  private readonly key = control("key", t("key"), h("input", { type: "password", autocomplete: "off" }), t("keyHint"));
  private readonly systemPrompt = control("system", t("system"), h("textarea", { rows: "3", dir: "auto" }));
  private readonly numbers = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, { label, step }]) => {
      const input = h("input", { type: "number", step, inputmode: "decimal", placeholder: t("byDefault") });
      return [name, control(name, label, input)];
    }),
  ) as Record<NumberName, Control<HTMLInputElement>>;
  private readonly stopWords = control("stop", t("stopWords"), h("textarea", { rows: "2" }), t("stopHint"));
  private readonly effort = control(
    "effort",
    t("effort"),
    h("select", {}, h("option", { value: "" }, t("byDefault")), EFFORTS.map((each) => h("option", {}, each))),
  );
  private readonly tools = control(
    "tools",
    t("tools"),
    h("textarea", { rows: "6", class: "mono", spellcheck: "false" }),
    t("toolsHint"),
  );

  /** `changed`: after each change of the key. */
  constructor(private readonly changed: () => void) {
    const { key, systemPrompt, numbers, stopWords, effort, tools } = this;
    const example = h("button", { class: "button small", type: "button", onclick: () => this.insertTools() });
    replace(example, t("toolsExample"));
    tools.field.append(h("div", { class: "row" }, example));
    const form = h(
      "form",
      { class: "stack", onsubmit: (event) => event.preventDefault() },
      key.field,
      systemPrompt.field,
      h(
        "fieldset",
        { class: "stack" },
        h("legend", { class: "visually-hidden" }, t("sampling")),
        h("div", { class: "settings-grid" }, Object.values(numbers).map(({ field }) => field)),
        effort.field,
        stopWords.field,
      ),
      tools.field,
    );
    this.element = h("aside", { class: "settings", id: "settings", "aria-label": t("settings") }, form);
    this.restore();
    key.input.addEventListener("change", () => this.changed());
  }

  get token(): string {
    return this.key.input.value.trim();
  }

  get system(): string {
    return this.systemPrompt.input.value;
  }

  insertTools(): void {
    this.tools.input.value = JSON.stringify(EXAMPLE_TOOLS, null, 2);
    this.tools.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** What goes into a request. Throws `InvalidSetting`. */
  parameters(): Partial<ChatRequest> {
    const found: Partial<ChatRequest> = {};
    for (const name of Object.keys(NUMBERS) as NumberName[]) {
      const value = this.number(name);
      if (value !== null) found[name] = value;
    }
    if (this.effort.input.value) found.reasoning_effort = this.effort.input.value;
    const stop = this.stopWords.input.value.split("\n").filter(Boolean).slice(0, 4);
    if (stop.length) found.stop = stop;
    const tools = this.toolDefinitions();
    if (tools.length) found.tools = tools;
    return found;
  }

  private number(name: NumberName): number | null {
    const { input } = this.numbers[name];
    const { least, most } = NUMBERS[name];
    if (!input.value && !input.validity.badInput) return null;
    const value = input.valueAsNumber;
    if (!(value >= least && value <= most)) {
      throw problem(this.numbers[name], t("outOfRange", { least, most }));
    }
    return value;
  }

  private toolDefinitions(): unknown[] {
    const text = this.tools.input.value.trim();
    if (!text) return [];
    let tools: unknown;
    try {
      tools = JSON.parse(text);
    } catch (error) {
      throw problem(this.tools, t("toolsNotJson", { why: (error as Error).message }));
    }
    const isTool = (each: unknown): boolean => isObject(each) && typeof each["type"] === "string";
    if (!Array.isArray(tools) || !tools.every(isTool)) throw problem(this.tools, t("toolsNotArray"));
    return tools;
  }

  private controls(): Record<string, Control<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>> {
    const { key, systemPrompt, numbers, stopWords, effort, tools } = this;
    return { key, system: systemPrompt, ...numbers, stop: stopWords, effort, tools };
  }

  private restore(): void {
    for (const [name, { input, problem: shown }] of Object.entries(this.controls())) {
      input.value = ofTab.get(storage(name));
      input.addEventListener("input", () => {
        ofTab.set(storage(name), input.value);
        shown.hidden = true;
        input.removeAttribute("aria-invalid");
      });
    }
  }
}

/** The arena has the same key. */
const storage = (name: string): string => (name === "key" ? "token" : `playground.${name}`);

function control<Element extends HTMLElement>(
  name: string,
  label: LiveText,
  input: Element,
  hint?: LiveText,
): Control<Element> {
  const id = `setting-${name}`;
  const problem = h("span", { class: "problem", id: `${id}-problem`, hidden: true });
  const described = hint ? `${id}-hint ${id}-problem` : `${id}-problem`;
  setAttributes(input, { id, "aria-describedby": described });
  const field = h(
    "div",
    { class: "field" },
    h("label", { class: "label", for: id }, label),
    input,
    hint ? h("span", { class: "hint", id: `${id}-hint` }, hint) : null,
    problem,
  );
  return { field, input, problem };
}

function problem({ input, problem: shown }: Control<HTMLElement>, message: LiveText): InvalidSetting {
  replace(shown, message);
  shown.hidden = false;
  input.setAttribute("aria-invalid", "true");
  return new InvalidSetting(message(), input);
}
