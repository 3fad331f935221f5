// A form for a plugin's settings, made from its JSON Schema. It edits the YAML text of the draft.

import { announce } from "../../common/shell.ts";
import { h, replace } from "../../common/dom.ts";
import type { Problem } from "../api.ts";
import { fieldOf, schemaInside, type Field } from "../schema/fields.ts";
import type { Json, Schema, SchemaObject } from "../schema/schema.ts";
import { EditError, YamlText, type Path } from "../text/yaml_edit.ts";
import { keyOf, valueAt, type FormContext } from "./context.ts";
import { control } from "./controls.ts";
import { objectFields } from "./objects.ts";
import { t } from "./texts.ts";

export interface FormTarget {
  text(): string;
  setText(text: string): void;
}

export class Form {
  readonly element = h("form", { class: "settings", autocomplete: "off", novalidate: true });
  private stale = false;
  private problems: Problem[] = [];
  private readonly context: FormContext;
  private readonly schema: SchemaObject;
  private readonly path: Path;
  private readonly target: FormTarget;

  /** `path`: where the settings are in the text. */
  constructor(schema: SchemaObject, path: Path, target: FormTarget) {
    this.schema = schema;
    this.path = path;
    this.target = target;
    this.context = {
      root: schema,
      problemsAt: (place) => this.problems.filter((each) => keyOf(each.place) === keyOf(place)),
      edit: (change) => this.edit(change),
      control,
      opened: new Set(),
    };
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.element.addEventListener("focusout", () => queueMicrotask(() => this.settle()));
  }

  /** Shows the settings of the text, and what is wrong with them. */
  show(problems: Problem[]): void {
    this.problems = problems;
    const focused = this.element.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
    // A control in which somebody writes stays; all else is shown when it is left.
    this.stale = focused?.matches("input:not([type=checkbox]), textarea") ?? false;
    if (!this.stale) this.draw(focused?.id ?? "");
    else this.markFocused(focused as HTMLElement);
  }

  /** Moves the focus to the field of a place, or the nearest one around it. */
  focus(place: Path): void {
    for (let length = place.length; length >= this.path.length; length--) {
      const steps = place.slice(0, length);
      for (let part = this.path.length + 1; part <= length; part++) this.context.opened.add(keyOf(steps.slice(0, part)));
    }
    this.draw("");
    for (let length = place.length; length >= this.path.length; length--) {
      const found = this.element.querySelector<HTMLElement>(`[data-place="${CSS.escape(keyOf(place.slice(0, length)))}"]`);
      if (!found) continue;
      found.scrollIntoView({ block: "center" });
      (found.querySelector<HTMLElement>("input, select, textarea, button") ?? found).focus();
      return;
    }
  }

  private settle(): void {
    if (this.stale && !this.element.contains(document.activeElement)) this.show(this.problems);
    else if (this.stale) this.show(this.problems);
  }

  private draw(focusId: string): void {
    const yaml = new YamlText(this.target.text());
    if (!yaml.valid) {
      replace(this.element, h("p", { class: "notice warn" }, t("inEditor")));
      return;
    }
    const value = valueAt(yaml.value, this.path) as Json | undefined;
    replace(this.element, this.unplaced(value), objectFields(this.context, this.schema, value, this.path));
    if (focusId) document.getElementById(focusId)?.focus({ preventScroll: true });
  }

  /** Problems of the plugin as a whole, and of keys that no field shows. */
  private unplaced(value: Json | undefined): HTMLElement[] {
    return this.problems
      .filter((each) => startsWith(each.place, this.path) && !this.isShown(each.place, value))
      .map((each) => {
        const where = each.place.slice(this.path.length).join(".");
        return h("p", { class: "notice bad", role: "alert" }, where && [h("code", {}, where), ": "], each.message);
      });
  }

  private isShown(place: Path, value: Json | undefined): boolean {
    let schema: Schema = this.schema;
    let inner: Json | undefined = value;
    let field: Field = fieldOf(this.schema, schema, inner);
    if (place.length === this.path.length) return false;
    for (const step of place.slice(this.path.length)) {
      if (field.kind === "any") return false;
      schema = schemaInside(this.schema, schema, inner, step);
      inner = valueAt(inner, [step]) as Json | undefined;
      if (inner === undefined && field.kind !== "object") return false;
      field = fieldOf(this.schema, schema, inner);
    }
    return true;
  }

  private markFocused(focused: HTMLElement): void {
    const place = focused.closest<HTMLElement>("[data-place]")?.dataset["place"];
    focused.setAttribute("aria-invalid", String(this.problems.some((each) => keyOf(each.place) === place)));
  }

  private edit(change: (text: YamlText) => string): void {
    try {
      this.target.setText(change(new YamlText(this.target.text())));
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      announce(error.message);
      this.draw("");
      this.element.prepend(h("p", { class: "notice warn", role: "alert" }, error.message));
    }
  }
}

function startsWith(place: Path, path: Path): boolean {
  return path.every((step, index) => String(place[index]) === String(step));
}

