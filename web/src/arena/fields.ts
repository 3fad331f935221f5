// Labelled controls of the setup. A text that the user has not touched follows the language of the page.

import { h, replace, type Attributes, type Child } from "../common/dom.ts";
import { onLanguage, type LiveText } from "../common/i18n.ts";
import { ofTab } from "../common/settings.ts";
import { t } from "./texts.ts";

/** Thrown by `read` of a field; the field says what is wrong. */
export class InvalidField extends Error {
  constructor(readonly control: HTMLElement) {
    super("a field is not filled in as it has to be");
  }
}

export interface TextOptions {
  label: LiveText;
  /** What it is filled with. */
  byDefault: () => string;
  hint?: LiveText;
  rows?: number;
  isNeeded?: boolean;
}

export class TextField {
  readonly element: HTMLElement;
  readonly control: HTMLInputElement | HTMLTextAreaElement;
  private readonly problem = problemLine();
  private filled = "";

  /** `name`: what an edited text is kept under, for this tab. */
  constructor(
    private readonly name: string,
    private readonly options: TextOptions,
  ) {
    const { rows } = options;
    const attributes: Attributes = { id: `arena-${name}`, maxlength: 20_000, autocomplete: "off" };
    this.control = rows ? h("textarea", { ...attributes, rows }) : h("input", { ...attributes, type: "text" });
    this.element = field(this.control, options.label, options.hint, this.problem);
    this.control.addEventListener("input", () => {
      mark(this.control, this.problem, null);
      ofTab.set(`arena.${name}`, this.isTouched ? this.control.value : "");
    });
    this.filled = options.byDefault();
    this.control.value = ofTab.get(`arena.${name}`) || this.filled;
    onLanguage(() => this.refill());
  }

  /** What it is filled with may be another text now. */
  refill(): void {
    this.fill(this.isTouched);
  }

  reset(): void {
    ofTab.set(`arena.${this.name}`, "");
    this.fill(false);
    mark(this.control, this.problem, null);
  }

  /** Throws `InvalidField`. */
  read(): string {
    const text = this.control.value.trim();
    const isMissing = this.options.isNeeded === true && !text;
    mark(this.control, this.problem, isMissing ? t("needed") : null);
    if (isMissing) throw new InvalidField(this.control);
    return text;
  }

  private get isTouched(): boolean {
    return this.control.value !== this.filled;
  }

  private fill(isTouched: boolean): void {
    this.filled = this.options.byDefault();
    if (!isTouched) this.control.value = this.filled;
  }
}

export class NumberField {
  readonly element: HTMLElement;
  private readonly control: HTMLInputElement;
  private readonly problem = problemLine();

  /** `byDefault`: `null` if it may be empty, and is. */
  constructor(
    name: string,
    label: LiveText,
    private readonly range: { least: number; most: number },
    private readonly byDefault: number | null,
    hint?: LiveText,
  ) {
    this.control = h("input", { id: `arena-${name}`, type: "number", inputmode: "numeric", min: range.least, max: range.most, step: 1 });
    this.element = field(this.control, label, hint, this.problem);
    this.control.addEventListener("input", () => mark(this.control, this.problem, null));
    this.reset();
  }

  reset(): void {
    this.control.value = String(this.byDefault ?? "");
    mark(this.control, this.problem, null);
  }

  /** Throws `InvalidField`. */
  read(): number | null {
    const { range, control } = this;
    const value = control.valueAsNumber;
    const isEmpty = control.value === "" && !control.validity.badInput;
    const isRight = isEmpty ? this.byDefault === null : Number.isInteger(value) && value >= range.least && value <= range.most;
    mark(control, this.problem, isRight ? null : t("between", { ...range }));
    if (!isRight) throw new InvalidField(control);
    return isEmpty ? null : value;
  }
}

export const problemLine = (): HTMLElement => h("p", { class: "problem", hidden: true });

function field(control: HTMLElement, label: Child, hint: LiveText | undefined, problem: HTMLElement): HTMLElement {
  const hintId = `${control.id}-hint`;
  problem.id = `${control.id}-problem`;
  control.setAttribute("aria-describedby", hint ? `${hintId} ${problem.id}` : problem.id);
  return h(
    "div",
    { class: "field" },
    h("label", { class: "label", for: control.id }, label),
    control,
    hint && h("p", { class: "hint", id: hintId }, hint),
    problem,
  );
}

/** What is wrong with a control; `null`: nothing. */
export function mark(control: HTMLElement, problem: HTMLElement, text: LiveText | null): void {
  problem.hidden = text === null;
  replace(problem, text);
  if (text) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}
