// Controls for values: each changes the text at its path.

import { h } from "../../common/dom.ts";
import { icon } from "../../common/icons.ts";
import type { Field } from "../schema/fields.ts";
import type { Json } from "../schema/schema.ts";
import { brief } from "../text/brief.ts";
import type { Path } from "../text/yaml_edit.ts";
import { anyControl } from "./any.ts";
import { keyOf, type FormContext, type Labelled } from "./context.ts";
import { attributes, onChange } from "./inputs.ts";
import { listControl } from "./lists.ts";
import { mapControl } from "./maps.ts";
import { objectFields } from "./objects.ts";
import { isMasked, secretControl } from "./secrets.ts";
import { t } from "./texts.ts";

export function control(
  context: FormContext,
  field: Field,
  value: Json | undefined,
  path: Path,
  labelled: Labelled,
): HTMLElement {
  switch (field.kind) {
    case "choice":
      return choice(context, field, value, path, labelled);
    case "boolean":
      return isPlain(value, "boolean")
        ? choice(context, { ...field, choices: [true, false] }, value, path, labelled)
        : anyControl(context, value, path, labelled);
    case "number":
      return isPlain(value, "number")
        ? numberInput(context, field, value, path, labelled)
        : anyControl(context, value, path, labelled);
    case "text":
      if (isMasked(value) || (field.secret && isEmpty(value))) return secretControl(context, value, path, labelled);
      return isPlain(value, "string")
        ? textInput(context, field, value, path, labelled)
        : anyControl(context, value, path, labelled);
    case "list":
      return Array.isArray(value) || value == null
        ? listControl(context, field, value ?? [], path, labelled)
        : anyControl(context, value, path, labelled);
    case "map":
      return isMapping(value)
        ? mapControl(context, field, value ?? {}, path, labelled)
        : anyControl(context, value, path, labelled);
    case "object":
      if (value === undefined) return useButton(context, path, labelled);
      return isMapping(value)
        ? objectFields(context, field.source, value, path)
        : anyControl(context, value, path, labelled);
    case "any":
      return anyControl(context, value, path, labelled);
  }
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === "";
}

function isPlain(value: Json | undefined, type: string): boolean {
  return value === undefined || value === null || typeof value === type;
}

function isMapping(value: Json | undefined): value is { [key: string]: Json } | undefined {
  return value == null || (typeof value === "object" && !Array.isArray(value));
}

/** What an empty control says: the default, or an example. */
function placeholder(field: Field): string | undefined {
  const { default: standard, examples } = field.schema;
  if (standard !== undefined && standard !== null && standard !== "")
    return t.now("default", { value: brief(standard) });
  return examples?.length ? t.now("example", { value: brief(examples[0]) }) : undefined;
}

function textInput(
  context: FormContext,
  field: Field,
  value: Json | undefined,
  path: Path,
  labelled: Labelled,
): HTMLElement {
  const text = typeof value === "string" ? value : "";
  const common = { ...attributes(labelled), placeholder: placeholder(field), spellcheck: "false" };
  const input = text.includes("\n")
    ? h("textarea", { ...common, rows: Math.min(12, text.split("\n").length + 1) })
    : h("input", { ...common, type: "text" });
  input.value = text;
  return onChange(input, context, path, (typed) => typed, value);
}

function numberInput(
  context: FormContext,
  field: Field,
  value: Json | undefined,
  path: Path,
  labelled: Labelled,
): HTMLElement {
  // A text field: number fields change by the wheel, and say nothing about what they do not accept.
  const input = h("input", {
    ...attributes(labelled),
    type: "text",
    inputmode: field.integer ? "numeric" : "decimal",
    placeholder: placeholder(field),
    class: "number",
  });
  input.value = typeof value === "number" ? String(value) : "";
  return onChange(
    input,
    context,
    path,
    (typed) => (/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(typed.trim()) ? Number(typed) : typed),
    value,
  );
}

function choice(
  context: FormContext,
  field: Field,
  value: Json | undefined,
  path: Path,
  labelled: Labelled,
): HTMLElement {
  const select = h("select", attributes(labelled));
  const standard = field.schema.default;
  const unset = standard === undefined || standard === null ? t("unset") : t("default", { value: brief(standard) });
  const values = [...field.choices];
  if (value !== undefined && value !== null && !values.some((each) => each === value)) values.unshift(value);
  select.append(
    h("option", { value: "" }, unset),
    ...values.map((each, index) => h("option", { value: String(index), selected: each === value }, brief(each))),
  );
  select.addEventListener("change", () => {
    const chosen = select.value === "" ? undefined : values[Number(select.value)];
    context.edit((text) => (chosen === undefined ? text.without(path) : text.with(path, chosen)));
  });
  return select;
}

/** An object that is not there: one is made with what has to be in it. */
function useButton(context: FormContext, path: Path, labelled: Labelled): HTMLElement {
  return h(
    "button",
    {
      class: "button small",
      type: "button",
      id: labelled.id,
      "aria-describedby": labelled.describedBy || undefined,
      onclick: () => {
        context.opened.add(keyOf(path));
        context.edit((text) => text.with(path, {}));
      },
    },
    icon("plus"),
    t("use", { name: labelled.name }),
  );
}
