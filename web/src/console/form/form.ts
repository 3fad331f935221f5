// A form for a plugin's settings, made from its JSON Schema. It edits the YAML text of the draft.

import { announce } from "../../common/shell.ts";
import { foreign, h, replace } from "../../common/dom.ts";
import { fieldOf, schemaInside, type Field } from "../schema/fields.ts";
import type { Json, Schema, SchemaObject } from "../schema/schema.ts";
import { EditError, YamlText, type Path } from "../text/yaml_edit.ts";
import { keyOf, valueAt, type FormContext, type Message } from "./context.ts";
import { control } from "./controls.ts";
import { isInvalid, messageList } from "./messages.ts";
import { objectFields } from "./objects.ts";
import { t } from "./texts.ts";

export interface FormTarget {
  text(): string;
  setText(text: string): void;
}

export class Form {
  readonly element = h("form", { class: "settings", autocomplete: "off", novalidate: true });
  /** What is shown is older than the text: it is drawn again when nobody writes or presses a button. */
  private stale = false;
  private pressed = false;
  private messages: Message[] = [];
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
      messagesAt: (place) => this.messages.filter((each) => keyOf(each.place) === keyOf(place)),
      edit: (change, then) => this.edit(change, then),
      rename: (path, name) => this.rename(path, name),
      control,
      opened: new Set(),
    };
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.element.addEventListener("focusout", () => this.settle());
    // A button that is drawn again between press and release is not clicked.
    this.element.addEventListener("pointerdown", () => {
      this.pressed = true;
      const release = (): void => {
        this.pressed = false;
        this.settle();
      };
      addEventListener("pointerup", release, { once: true });
      addEventListener("pointercancel", release, { once: true });
    });
  }

  /** Shows the settings of the text, and what is wrong with them. */
  show(messages: Message[]): void {
    this.messages = messages;
    this.stale = true;
    this.settle();
  }

  /** Moves the focus to the field of a place, or the nearest one around it. */
  focus(place: Path): void {
    for (let length = this.path.length + 1; length <= place.length; length++) {
      this.context.opened.add(keyOf(place.slice(0, length)));
    }
    this.draw();
    for (let length = place.length; length >= this.path.length; length--) {
      const found = this.element.querySelector<HTMLElement>(
        `[data-place="${CSS.escape(keyOf(place.slice(0, length)))}"]`,
      );
      if (!found) continue;
      found.scrollIntoView({ block: "center" });
      (found.querySelector<HTMLElement>("input, select, textarea, button") ?? found).focus();
      return;
    }
  }

  private focused(): HTMLElement | null {
    return this.element.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  }

  /** Afterwards, when a focus that moves has arrived and a button that was released is clicked. */
  private settle(): void {
    setTimeout(() => {
      if (!this.stale || this.pressed) return;
      const focused = this.focused();
      if (focused?.matches("input, textarea")) this.showMessages(focused);
      else this.draw();
    });
  }

  private draw(newId: (id: string) => string = (id) => id): void {
    const focusId = newId(this.focused()?.id ?? "");
    this.stale = false;
    for (const each of this.element.querySelectorAll<HTMLDetailsElement>("details[data-key]")) {
      if (each.open) this.context.opened.add(each.dataset["key"] ?? "");
      else this.context.opened.delete(each.dataset["key"] ?? "");
    }
    const yaml = new YamlText(this.target.text());
    if (!yaml.valid) {
      replace(this.element, h("p", { class: "notice warn" }, t("inEditor")));
      return;
    }
    const value = valueAt(yaml.value, this.path) as Json | undefined;
    replace(this.element, this.unplaced(value), objectFields(this.context, this.schema, value, this.path));
    if (focusId) document.getElementById(focusId)?.focus({ preventScroll: true });
  }

  /** Messages about the plugin as a whole, and about keys that no field shows. */
  private unplaced(value: Json | undefined): HTMLElement[] {
    return this.messages
      .filter((each) => startsWith(each.place, this.path) && !this.isShown(each.place, value))
      .map((each) => {
        const where = each.place.slice(this.path.length).join(".");
        const kind = each.warning ? "notice warn" : "notice bad";
        return h("p", { class: kind }, where && [h("code", {}, foreign(where)), ": "], foreign(each.message));
      });
  }

  private isShown(place: Path, value: Json | undefined): boolean {
    if (place.length === this.path.length) return false;
    let schema: Schema = this.schema;
    let inner: Json | undefined = value;
    let field: Field = fieldOf(this.schema, schema, inner);
    for (const step of place.slice(this.path.length)) {
      if (field.kind === "any") return false;
      schema = schemaInside(this.schema, schema, inner, step);
      inner = valueAt(inner, [step]) as Json | undefined;
      if (inner === undefined && field.kind !== "object") return false;
      field = fieldOf(this.schema, schema, inner);
    }
    return true;
  }

  /** The messages of a control in which somebody writes, which is not drawn again meanwhile. */
  private showMessages(control: HTMLElement): void {
    const box = control.closest<HTMLElement>("[data-place]");
    if (!box) return;
    const messages = this.messages.filter((each) => keyOf(each.place) === box.dataset["place"]);
    const id = `setting-${box.dataset["place"]}`;
    document.getElementById(`${id}-problem`)?.remove();
    control.setAttribute("aria-invalid", String(isInvalid(messages)));
    const list = messageList(messages, id);
    if (!list) return;
    (box.querySelector(".setting-value") ?? box).append(list);
    control.setAttribute("aria-describedby", `${id}-help ${id}-problem`);
    announce(messages.map((each) => each.message).join(" "));
  }

  private rename(path: Path, name: string): void {
    this.edit((text) => text.renamed(path, name));
    const from = `setting-${keyOf(path)}`;
    const to = `setting-${keyOf([...path.slice(0, -1), name])}`;
    const moved = (id: string): boolean => id === from || id.startsWith(`${from}.`) || id.startsWith(`${from}-`);
    // The focus is on its way to the next control, whose place has another name now: nothing may be typed there before.
    const draw = (): void => {
      this.element.removeEventListener("focusin", draw);
      clearTimeout(timer);
      this.draw((id) => (moved(id) ? to + id.slice(from.length) : id));
    };
    this.element.addEventListener("focusin", draw);
    const timer = setTimeout(draw); // the focus has stayed, or left the form
  }

  private edit(change: (text: YamlText) => string, then?: () => void): void {
    try {
      this.target.setText(change(new YamlText(this.target.text())));
      if (!then) return;
      this.draw();
      then();
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      this.draw();
      this.element.prepend(h("p", { class: "notice warn", role: "alert" }, error.message));
    }
  }
}

function startsWith(place: Path, path: Path): boolean {
  return path.every((step, index) => String(place[index]) === String(step));
}
