// A value that a schema does not describe, as YAML.

import { parseDocument, stringify } from "yaml";
import { h } from "../../common/dom.ts";
import { announce } from "../../common/shell.ts";
import type { Json } from "../schema/schema.ts";
import type { Path } from "../text/yaml_edit.ts";
import type { FormContext, Labelled } from "./context.ts";
import { attributes } from "./inputs.ts";
import { t } from "./texts.ts";

export function anyControl(context: FormContext, value: Json | undefined, path: Path, labelled: Labelled): HTMLElement {
  const text = value === undefined ? "" : stringify(value, { lineWidth: 0 }).trimEnd();
  const area = h("textarea", {
    ...attributes(labelled),
    class: "mono",
    rows: Math.min(16, text.split("\n").length),
    spellcheck: "false",
    placeholder: t.now("yaml"),
  });
  area.value = text;
  area.addEventListener("change", () => {
    if (area.value.trim() === "") {
      context.edit((yaml) => yaml.without(path));
      return;
    }
    const document = parseDocument(area.value, { logLevel: "silent" });
    const wrong = document.errors.length > 0;
    area.setCustomValidity(wrong ? t.now("notYaml") : "");
    area.setAttribute("aria-invalid", String(wrong));
    if (wrong) announce(t.now("notYaml"));
    else context.edit((yaml) => yaml.with(path, document.toJS() as Json));
  });
  return area;
}
