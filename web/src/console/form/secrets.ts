// Secrets: the server sends placeholders, and puts the values back when it gets a placeholder.

import { h, replace } from "../../common/dom.ts";
import type { Json } from "../schema/schema.ts";
import type { Path } from "../text/yaml_edit.ts";
import type { FormContext, Labelled } from "./context.ts";
import { attributes, onChange } from "./inputs.ts";
import { t } from "./texts.ts";

const MASKED = /^masked-[A-Za-z0-9]{1,40}-[0-9a-f]{10}$/;

export function isMasked(value: Json | undefined): value is string {
  return typeof value === "string" && MASKED.test(value);
}

export function secretControl(
  context: FormContext,
  value: Json | undefined,
  path: Path,
  labelled: Labelled,
): HTMLElement {
  const box = h("div", { class: "secret" });
  const input = (): HTMLInputElement => {
    const typed = h("input", {
      ...attributes(labelled),
      type: "password",
      autocomplete: "new-password",
      spellcheck: "false",
      "aria-label": labelled.label ?? (isMasked(value) ? t("newSecret", { name: labelled.name }) : undefined),
    });
    onChange(typed, context, path, (text) => text, "");
    return typed;
  };
  const kept = (): void =>
    replace(
      box,
      h(
        "span",
        { class: "secret-kept" },
        h("span", { "aria-hidden": "true" }, "••••••••"),
        h("span", { class: "visually-hidden" }, t("secret")),
      ),
      h(
        "button",
        {
          class: "button small",
          type: "button",
          id: labelled.id,
          onclick: ask,
          "aria-describedby": labelled.describedBy || undefined,
        },
        t("replaceSecret"),
      ),
    );
  const ask = (): void => {
    const typed = input();
    replace(box, typed, h("button", { class: "button quiet small", type: "button", onclick: keep }, t("keepSecret")));
    typed.focus();
  };
  const keep = (): void => {
    kept();
    context.edit((text) => text.with(path, value ?? ""));
  };
  if (isMasked(value)) kept();
  else box.append(input());
  return box;
}
