// What may be written at a place: from the plugins' JSON Schemas, and the keys of a gateway file.

import type { GatewayKey, Schemas } from "../api.ts";
import { valueAt } from "../form/context.ts";
import { brief } from "../text/brief.ts";
import { fieldOf, propertiesOf, schemaAt } from "../schema/fields.ts";
import { schemaOf } from "../schema/plugins.ts";
import type { Json } from "../schema/schema.ts";
import { YamlText, type Path } from "../text/yaml_edit.ts";
import { cursorAt, type Cursor } from "./cursor.ts";

export interface Proposal {
  label: string;
  /** What is written in its place. */
  text: string;
  /** Beside the label: whether it is required, or the default. */
  detail: string;
  info: string;
  required: boolean;
}

export interface Proposals {
  from: number;
  all: Proposal[];
}

export function proposalsAt(text: string, offset: number, schemas: Schemas): Proposals | null {
  const cursor = cursorAt(text, offset);
  if (!cursor) return null;
  const value = new YamlText(text).value;
  const inside = inPlugin(cursor.path);
  const all = inside ? ofPlugin(cursor, inside, value, schemas) : ofGateway(cursor, schemas.keys);
  return all.length ? { from: cursor.from, all } : null;
}

/** What hovering over a key says. */
export function aboutKey(path: Path, value: unknown, schemas: Schemas): string {
  const inside = inPlugin(path);
  if (!inside || inside.rest.length === 0) return keyNamed(path, schemas.keys)?.about ?? "";
  const schema = schemaOf(schemas, inside.index, valueAt(value, ["plugins", inside.index, "name"]))?.schema;
  if (!schema) return "";
  const found = schemaAt(schema, inside.rest, valueAt(value, path.slice(0, 3)) as Json | undefined);
  return fieldOf(schema, found.schema, found.value).description;
}

interface Inside {
  index: number;
  rest: Path;
}

function inPlugin(path: Path): Inside | null {
  const [first, index, key, ...rest] = path;
  return first === "plugins" && typeof index === "number" && key === "config" ? { index, rest } : null;
}

function ofPlugin(cursor: Cursor, inside: Inside, value: unknown, schemas: Schemas): Proposal[] {
  const schema = schemaOf(schemas, inside.index, valueAt(value, ["plugins", inside.index, "name"]))?.schema;
  if (!schema) return [];
  const config = valueAt(value, cursor.path.slice(0, 3)) as Json | undefined;
  const here = schemaAt(schema, inside.rest, config);
  if (cursor.kind === "key") {
    const properties = propertiesOf(schema, here.schema, here.value).filter(
      (each) => !cursor.present.includes(each.name),
    );
    if (properties.length) {
      return properties.map((each) => ({
        label: each.name,
        text: `${each.name}:${each.kind === "object" || each.kind === "map" || each.kind === "list" ? "" : " "}`,
        detail: each.required ? "required" : each.schema.default === undefined ? "" : brief(each.schema.default),
        info: each.description,
        required: each.required,
      }));
    }
  }
  // A word in a list is read as a key until a value is there.
  const field = fieldOf(schema, here.schema, here.value);
  const values = field.kind === "boolean" ? [true, false] : field.choices;
  return values.map((each) => ({
    label: brief(each),
    text: JSON.stringify(each).replace(/^"([\w-]+)"$/, "$1"),
    detail: "",
    info: "",
    required: false,
  }));
}

function ofGateway(cursor: Cursor, keys: GatewayKey[]): Proposal[] {
  if (cursor.kind === "value") {
    const standard = keyNamed(cursor.path, keys)?.default ?? "";
    const values =
      standard === "true" || standard === "false"
        ? ["true", "false"]
        : standard && standard !== "required"
          ? [standard]
          : [];
    return values.map((each) => ({ label: each, text: each, detail: "", info: "", required: false }));
  }
  const found = new Map<string, GatewayKey>();
  for (const key of keys) {
    const steps = key.name.split(".");
    if (steps.length !== cursor.path.length + 1 || !covers(steps.slice(0, -1), cursor.path)) continue;
    const name = steps.at(-1) as string;
    if (name !== "*" && key.works && !cursor.present.includes(name)) found.set(name, key);
  }
  return [...found].map(([name, key]) => ({
    label: name,
    text: `${name}:${keys.some((each) => each.name.startsWith(`${key.name}.`)) ? "" : " "}`,
    detail: key.default,
    info: key.about,
    required: key.default === "required",
  }));
}

function keyNamed(path: Path, keys: GatewayKey[]): GatewayKey | undefined {
  return keys.find((key) => {
    const steps = key.name.split(".");
    return steps.length === path.length && covers(steps, path);
  });
}

function covers(steps: string[], path: Path): boolean {
  return steps.every((step, index) => step === "*" || step === String(path[index]));
}
