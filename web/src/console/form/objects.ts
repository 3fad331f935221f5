// The settings of one object: those that are set and those that have to be, and the rest on demand.

import { h, type Child } from "../../common/dom.ts";
import { icon } from "../../common/icons.ts";
import { propertiesOf, type Property } from "../schema/fields.ts";
import { isObject, type Json, type Schema } from "../schema/schema.ts";
import type { Path } from "../text/yaml_edit.ts";
import { anyControl } from "./any.ts";
import { keyOf, type FormContext } from "./context.ts";
import { isGroup } from "./inputs.ts";
import { isInvalid, messageList } from "./messages.ts";
import { described } from "./prose.ts";
import { t } from "./texts.ts";

export function objectFields(context: FormContext, schema: Schema, value: Json | undefined, path: Path): HTMLElement {
  const properties = propertiesOf(context.root, schema, value);
  const own = isObject(value) ? value : {};
  const known = new Set(properties.map((each) => each.name));
  const shown = properties.filter((each) => each.required || Object.hasOwn(own, each.name));
  const others = properties.filter((each) => !shown.includes(each) && !each.deprecated);
  const unknown = Object.keys(own).filter((name) => !known.has(name));
  return h(
    "div",
    { class: "settings-group" },
    shown.map((each) => field(context, each, own[each.name], [...path, each.name])),
    unknown.map((name) => unknownField(context, name, own[name], [...path, name])),
    others.length > 0 && furtherSettings(context, others, path),
  );
}

/** A setting with its name, what it says, its control and what is wrong with it. */
export function field(context: FormContext, property: Property, value: Json | undefined, path: Path): HTMLElement {
  const { name, required, deprecated, description } = property;
  const id = `setting-${keyOf(path)}`;
  const problems = context.messagesAt(path);
  const removable = value !== undefined;
  const marks: Child = [
    required && h("span", { class: "chip" }, t("required")),
    deprecated && h("span", { class: "chip warn" }, t("deprecated")),
  ];
  const help = [
    description && h("p", { class: "hint", id: `${id}-help` }, described(description)),
    messageList(problems, id),
  ];
  const describedBy = [description && `${id}-help`, problems.length && `${id}-problem`].filter(Boolean).join(" ");
  const inner = context.control(context, property, value, path, {
    id,
    name,
    describedBy,
    invalid: isInvalid(problems),
  });
  const remove = removable && !required && removeButton(context, path, name);
  if (isGroup(property.kind)) {
    return h(
      "fieldset",
      { class: "setting setting-whole", "data-place": keyOf(path), tabindex: "-1" },
      h("legend", {}, h("code", {}, name), marks),
      remove && h("div", { class: "setting-remove" }, remove),
      help,
      inner,
    );
  }
  return h(
    "div",
    { class: "setting", "data-place": keyOf(path) },
    h("div", { class: "setting-name" }, h("label", { for: id }, h("code", {}, name)), marks),
    h("div", { class: "setting-value" }, h("div", { class: "setting-control" }, inner, remove), help),
  );
}

export function removeButton(context: FormContext, path: Path, name: string): HTMLElement {
  return h(
    "button",
    {
      class: "button quiet small icon",
      type: "button",
      id: `setting-${keyOf(path)}-remove`,
      title: t("removeNamed", { name }),
      "aria-label": t("removeNamed", { name }),
      onclick: () => context.edit((text) => text.without(path)),
    },
    icon("close"),
  );
}

function unknownField(context: FormContext, name: string, value: Json | undefined, path: Path): HTMLElement {
  const id = `setting-${keyOf(path)}`;
  const problems = context.messagesAt(path);
  return h(
    "div",
    { class: "setting", "data-place": keyOf(path) },
    h("div", { class: "setting-name" }, h("label", { for: id }, h("code", {}, h("bdi", {}, name)))),
    h(
      "div",
      { class: "setting-value" },
      h(
        "div",
        { class: "setting-control" },
        anyControl(context, value, path, {
          id,
          name,
          describedBy: problems.length ? `${id}-problem` : "",
          invalid: isInvalid(problems),
        }),
        removeButton(context, path, name),
      ),
      messageList(problems, id),
    ),
  );
}

function furtherSettings(context: FormContext, others: Property[], path: Path): HTMLElement {
  const key = `${keyOf(path)}+`;
  const list = h("div", { class: "settings-group" });
  const none = h("p", { class: "muted small", hidden: true }, t("noneFound"));
  const search = h("input", { type: "search", placeholder: t("find"), "aria-label": t("find"), id: `find-${key}` });
  const details = h(
    "details",
    { class: "further", "data-key": key },
    h("summary", { id: `further-${key}` }, t("more", { n: others.length })),
    others.length > 6 && search,
    none,
    list,
  );
  const fill = (): void => {
    if (list.childElementCount) return;
    list.append(...others.map((each) => field(context, each, undefined, [...path, each.name])));
  };
  search.addEventListener("input", () => {
    fill();
    const wanted = search.value.trim().toLowerCase();
    const found = others.map((each) => `${each.name} ${each.description}`.toLowerCase().includes(wanted));
    found.forEach((is, index) => ((list.children[index] as HTMLElement).hidden = !is));
    none.hidden = found.includes(true);
  });
  details.addEventListener("toggle", () => {
    if (details.open) fill();
  });
  if (context.opened.has(key) || others.some((each) => context.opened.has(keyOf([...path, each.name])))) {
    details.open = true;
    fill();
  }
  return details;
}
