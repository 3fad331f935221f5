// Lists: of plain values one control in each row, of objects one group for each.

import { h } from "../../common/dom.ts";
import { icon } from "../../common/icons.ts";
import { fieldOf, schemaInside, type Field } from "../schema/fields.ts";
import type { Json } from "../schema/schema.ts";
import type { Path } from "../text/yaml_edit.ts";
import { keyOf, type FormContext, type Labelled } from "./context.ts";
import { firstValue, isGroup } from "./inputs.ts";
import { isInvalid, messageList } from "./messages.ts";
import { removeButton } from "./objects.ts";
import { t } from "./texts.ts";

export function listControl(
  context: FormContext,
  field: Field,
  list: Json[],
  path: Path,
  labelled: Labelled,
): HTMLElement {
  const items = list.map((value, index) => item(context, field, value, [...path, index], labelled.name));
  const add = (): void => {
    const at = [...path, list.length];
    const schema = schemaInside(context.root, field.source, list, list.length);
    const value = firstValue(context, fieldOf(context.root, schema, undefined));
    context.edit(
      (text) => text.with(at, value),
      () => document.getElementById(`setting-${keyOf(at)}`)?.focus(),
    );
  };
  return h(
    "div",
    { class: "entries" },
    items,
    h(
      "button",
      {
        class: "button small",
        type: "button",
        id: `${labelled.id}-add`,
        onclick: add,
        "aria-label": t("addItem", { name: labelled.name }),
      },
      icon("plus"),
      t("add"),
    ),
  );
}

function item(context: FormContext, field: Field, value: Json, path: Path, name: string): HTMLElement {
  const index = Number(path.at(-1));
  const own = fieldOf(context.root, schemaInside(context.root, field.source, null, index), value);
  const inner = { ...own, secret: own.secret || field.secret };
  const id = `setting-${keyOf(path)}`;
  const label = t.now("item", { name, n: index + 1 });
  const problems = context.messagesAt(path);
  const labelled: Labelled = {
    id,
    name: label,
    label,
    describedBy: problems.length ? `${id}-problem` : "",
    invalid: isInvalid(problems),
  };
  const made = context.control(context, inner, value, path, labelled);
  const remove = removeButton(context, path, label);
  if (!isGroup(inner.kind)) {
    return h(
      "div",
      { class: "entry", "data-place": keyOf(path) },
      h("div", { class: "setting-control" }, made, remove),
      messageList(problems, id),
    );
  }
  return h(
    "fieldset",
    { class: "entry entry-group", "data-place": keyOf(path), tabindex: "-1" },
    h("legend", {}, label),
    h("div", { class: "setting-remove" }, remove),
    messageList(problems, id),
    made,
  );
}
