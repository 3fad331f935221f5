// Mappings whose keys the user chooses: a key and a value in each row.

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

export function mapControl(
  context: FormContext,
  field: Field,
  map: { [key: string]: Json },
  path: Path,
  labelled: Labelled,
): HTMLElement {
  const names = Object.keys(map);
  const entries = names.map((name) => entry(context, field, map, name, path, labelled));
  const add = (): void => {
    let name = "new";
    for (let number = 2; names.includes(name); number++) name = `new-${number}`;
    const at = [...path, name];
    const value = firstValue(
      context,
      fieldOf(context.root, schemaInside(context.root, field.source, map, name), undefined),
    );
    context.edit(
      (text) => text.with(at, value),
      () => {
        const made = document.getElementById(`setting-${keyOf(at)}-key`) as HTMLInputElement | null;
        made?.focus();
        made?.select();
      },
    );
  };
  return h(
    "div",
    { class: "entries" },
    entries,
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

function entry(
  context: FormContext,
  field: Field,
  map: { [key: string]: Json },
  name: string,
  path: Path,
  labelled: Labelled,
): HTMLElement {
  const at = [...path, name];
  const value = map[name] as Json;
  const id = `setting-${keyOf(at)}`;
  const own = fieldOf(context.root, schemaInside(context.root, field.source, map, name), value);
  const inner = { ...own, secret: own.secret || field.secret };
  const problems = context.messagesAt(at);
  const key = h("input", {
    type: "text",
    id: `${id}-key`,
    class: "mono",
    "aria-label": t("keyOf", { name: labelled.name }),
    spellcheck: "false",
  });
  key.value = name;
  key.addEventListener("change", () => {
    const taken = key.value !== name && Object.hasOwn(map, key.value);
    key.setCustomValidity(taken ? t.now("keyTaken") : "");
    key.setAttribute("aria-invalid", String(taken));
    if (taken) key.reportValidity();
    else if (key.value !== name) context.rename(at, key.value);
  });
  const made = context.control(context, inner, value, at, {
    id,
    name,
    label: name,
    describedBy: problems.length ? `${id}-problem` : "",
    invalid: isInvalid(problems),
  });
  const remove = removeButton(context, at, name);
  return h(
    "div",
    { class: isGroup(inner.kind) ? "entry entry-group" : "entry", "data-place": keyOf(at) },
    h("div", { class: "setting-control pair" }, key, !isGroup(inner.kind) && made, remove),
    isGroup(inner.kind) && made,
    messageList(problems, id),
  );
}
