// What controls of all kinds have in common.

import { fieldOf, type Field, type Kind } from "../schema/fields.ts";
import type { Json } from "../schema/schema.ts";
import type { Path } from "../text/yaml_edit.ts";
import type { FormContext, Labelled } from "./context.ts";

/** Whether a kind consists of controls that have labels of their own. */
export function isGroup(kind: Kind): boolean {
  return kind === "list" || kind === "map" || kind === "object";
}

export function attributes(labelled: Labelled): Record<string, string | boolean | undefined> {
  return {
    id: labelled.id,
    "aria-describedby": labelled.describedBy || undefined,
    "aria-invalid": labelled.invalid ? "true" : undefined,
    "aria-label": labelled.label,
  };
}

/** An emptied control takes the setting away, if it was not an empty text. */
export function onChange(
  input: HTMLInputElement | HTMLTextAreaElement,
  context: FormContext,
  path: Path,
  read: (typed: string) => Json,
  value: Json | undefined,
): HTMLElement {
  let last = input.value;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const commit = (): void => {
    clearTimeout(timer);
    if (input.value === last || !input.isConnected) return;
    last = input.value;
    const isItem = typeof path.at(-1) === "number";
    if (last === "" && value !== "" && !isItem) context.edit((text) => text.without(path));
    else context.edit((text) => text.with(path, read(last)));
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(commit, 400);
  });
  input.addEventListener("change", commit);
  return input;
}

/** The value that a new entry begins with. */
export function firstValue(context: FormContext, field: Field): Json {
  const { kind, choices } = fieldOf(context.root, field.source, undefined);
  switch (kind) {
    case "number":
      return 0;
    case "boolean":
      return true;
    case "choice":
      return choices[0] ?? "";
    case "list":
      return [];
    case "map":
    case "object":
      return {};
    default:
      return "";
  }
}
