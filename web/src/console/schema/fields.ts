// What may be set, and how: the fields of a form, and the proposals of the editor.

import { branch, isObject, resolved, schemasOf } from "./schema.ts";
import type { Json, Schema, SchemaObject } from "./schema.ts";

/** The control of a field. `any` is for values that a schema does not describe: they are written as YAML. */
export type Kind = "text" | "number" | "boolean" | "choice" | "list" | "map" | "object" | "any";

export interface Field {
  kind: Kind;
  /** What applies to the value now, without conditions and references. */
  schema: SchemaObject;
  /** What `schema` was made of. */
  source: Schema;
  description: string;
  nullable: boolean;
  deprecated: boolean;
  /** What is typed is hidden. */
  secret: boolean;
  /** Whole numbers only. */
  integer: boolean;
  /** Of a choice, without null. */
  choices: Json[];
}

export interface Property extends Field {
  name: string;
  required: boolean;
}

/** The field for values of a schema. `value` decides conditions. */
export function fieldOf(root: SchemaObject, schema: Schema, value: Json | undefined): Field {
  const applying = applyingTo(root, schema, value);
  const rules = Object.assign({}, ...applying) as SchemaObject;
  const types = typesOf(applying);
  const choices = (rules.enum ?? (rules.const === undefined ? [] : [rules.const])).filter((each) => each !== null);
  return {
    kind: choices.length ? "choice" : kindOf(rules, types, applying),
    schema: rules,
    source: schema,
    description: rules.description ?? "",
    nullable: types.has("null") || (rules.enum?.includes(null) ?? false),
    deprecated: rules.deprecated ?? false,
    secret: rules.writeOnly ?? false,
    integer: types.has("integer"),
    choices,
  };
}

/** The settings that an object of this schema may have, in the order of the schema. */
export function propertiesOf(root: SchemaObject, schema: Schema, value: Json | undefined): Property[] {
  const applying = applyingTo(root, schema, value);
  const required = new Set(applying.flatMap((rules) => rules.required ?? []));
  const names = new Set(applying.flatMap((rules) => Object.keys(rules.properties ?? {})));
  const own = isObject(value) ? value : {};
  return [...names]
    .filter((name) => name !== "$schema" && applying.every((rules) => allows(rules, name)))
    .map((name) => ({
      name,
      required: required.has(name),
      ...fieldOf(root, { allOf: applying.flatMap((rules) => schemasOf(rules, name)) }, own[name]),
    }))
    .sort((one, other) => Number(other.required) - Number(one.required));
}

/** The schema of what lies at one step inside of a value. */
export function schemaInside(
  root: SchemaObject,
  schema: Schema,
  value: Json | undefined,
  step: string | number,
): Schema {
  const applying = applyingTo(root, schema, value);
  const found = applying.flatMap((rules) =>
    typeof step === "number" ? (rules.items === undefined ? [] : [rules.items]) : schemasOf(rules, step),
  );
  return { allOf: found };
}

/** The schema at a path, and the value there. */
export function schemaAt(
  root: SchemaObject,
  path: readonly (string | number)[],
  value: Json | undefined,
): { schema: Schema; value: Json | undefined } {
  let schema: Schema = root;
  for (const step of path) {
    schema = schemaInside(root, schema, value, step);
    value = typeof value === "object" && value !== null ? (value as never)[step] : undefined;
  }
  return { schema, value };
}

/** All schemas that apply to a value, without references, alternatives that are not met, and conditions. */
function applyingTo(root: SchemaObject, schema: Schema, value: Json | undefined): SchemaObject[] {
  const rules = resolved(root, schema);
  if (typeof rules === "boolean") return [];
  const found = [rules];
  for (const each of rules.allOf ?? []) found.push(...applyingTo(root, each, value));
  const alternative = chosen(root, rules.anyOf ?? rules.oneOf, value);
  if (alternative !== undefined) {
    found.push(...applyingTo(root, alternative, value));
    if (alternatives(root, rules.anyOf ?? rules.oneOf).some((each) => each.type === "null"))
      found.push({ type: "null" });
  }
  found.push(...applyingTo(root, branch(root, rules, value ?? {}), value));
  return found;
}

/** Of several alternatives that have a type: the only one besides null. */
function chosen(root: SchemaObject, schemas: Schema[] | undefined, value: Json | undefined): SchemaObject | undefined {
  const typed = alternatives(root, schemas).filter((each) => each.type !== "null" && (each.type ?? each.enum));
  if (typed.length <= 1) return typed[0];
  const own = Array.isArray(value) ? "array" : typeof value;
  return value === undefined || value === null ? undefined : typed.find((each) => each.type === own);
}

function alternatives(root: SchemaObject, schemas: Schema[] | undefined): SchemaObject[] {
  return (schemas ?? []).map((each) => resolved(root, each)).filter((each) => typeof each !== "boolean");
}

function allows(rules: SchemaObject, name: string): boolean {
  return rules.additionalProperties !== false || schemasOf(rules, name).some((each) => each !== false);
}

/** All types that are named: `null` may come from another schema than the rest. */
function typesOf(applying: SchemaObject[]): Set<string> {
  return new Set(applying.flatMap((rules) => rules.type ?? []));
}

function kindOf(rules: SchemaObject, types: Set<string>, applying: SchemaObject[]): Kind {
  const some = [...types].filter((each) => each !== "null" && !(each === "integer" && types.has("number")));
  if (some.length !== 1) return "any";
  switch (some[0]) {
    case "string":
      return "text";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return rules.items === undefined ? "any" : "list";
    case "object":
      if (applying.some((each) => each.properties)) return "object";
      return isTyped(rules.additionalProperties) ? "map" : "any";
    default:
      return "any";
  }
}

function isTyped(schema: Schema | undefined): boolean {
  return typeof schema === "object" && Object.keys(schema).length > 0;
}
