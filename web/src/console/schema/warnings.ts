// Where a configuration differs from its plugin's JSON Schema.
//
// Plugins decide what they refuse: some ignore what they do not know, or take a default for a value that cannot be.
// What a schema says is therefore a warning, and the answer of the server is what counts.

import { fieldOf, propertiesOf, schemaInside, type Field } from "./fields.ts";
import { isObject, meets, type Json, type Schema, type SchemaObject } from "./schema.ts";

export interface Warning {
  place: (string | number)[];
  what: "unknown" | "missing" | "type" | "choice" | "range" | "form";
  /** What was expected, for a reader. */
  expected: string;
}

/** `place`: where `value` is in the text. */
export function warningsIn(
  root: SchemaObject,
  value: Json | undefined,
  place: readonly (string | number)[],
): Warning[] {
  const found: Warning[] = [];
  visit(root, root, value, [...place], found);
  return found;
}

function visit(
  root: SchemaObject,
  schema: Schema,
  value: Json | undefined,
  place: (string | number)[],
  found: Warning[],
): void {
  if (value === undefined || isFilledIn(value)) return;
  const field = fieldOf(root, schema, value);
  if (field.kind === "any") return;
  if (value === null) {
    if (!field.nullable) found.push({ place, what: "type", expected: field.kind });
    return;
  }
  switch (field.kind) {
    case "object":
      if (isObject(value)) visitObject(root, schema, value, place, found);
      else found.push({ place, what: "type", expected: field.kind });
      return;
    case "map":
      if (!isObject(value)) found.push({ place, what: "type", expected: field.kind });
      else
        for (const [key, each] of Object.entries(value))
          visit(root, schemaInside(root, schema, value, key), each, [...place, key], found);
      return;
    case "list":
      if (!Array.isArray(value)) found.push({ place, what: "type", expected: field.kind });
      else
        value.forEach((each, index) =>
          visit(root, schemaInside(root, schema, value, index), each, [...place, index], found),
        );
      return;
    default:
      leaf(root, field, value, place, found);
  }
}

function visitObject(
  root: SchemaObject,
  schema: Schema,
  value: { [key: string]: Json },
  place: (string | number)[],
  found: Warning[],
): void {
  const properties = propertiesOf(root, schema, value);
  const known = new Map(properties.map((each) => [each.name, each]));
  for (const each of properties) {
    if (each.required && !Object.hasOwn(value, each.name)) found.push({ place, what: "missing", expected: each.name });
  }
  for (const [key, inner] of Object.entries(value)) {
    const property = known.get(key);
    if (property) visit(root, property.source, inner, [...place, key], found);
    else if (!/^[_$]/.test(key)) found.push({ place: [...place, key], what: "unknown", expected: "" });
  }
}

function leaf(root: SchemaObject, field: Field, value: Json, place: (string | number)[], found: Warning[]): void {
  if (meets(root, field.source, value)) return;
  const { minimum, maximum } = field.schema;
  if (field.kind === "choice") found.push({ place, what: "choice", expected: field.choices.map(String).join(", ") });
  else if (typeof value !== TYPES[field.kind])
    found.push({ place, what: "type", expected: field.integer ? "integer" : field.kind });
  else if (typeof value === "number" && (value < (minimum ?? -Infinity) || value > (maximum ?? Infinity))) {
    found.push({
      place,
      what: "range",
      expected: maximum === undefined ? `≥ ${minimum}` : `${minimum ?? "−∞"} – ${maximum}`,
    });
  } else found.push({ place, what: field.integer ? "type" : "form", expected: field.integer ? "integer" : "" });
}

const TYPES: Partial<Record<Field["kind"], string>> = { text: "string", number: "number", boolean: "boolean" };

/** The environment's values and secrets are not known here. */
function isFilledIn(value: Json): boolean {
  return typeof value === "string" && (value.includes("${ENV:") || value.startsWith("masked-"));
}
