// JSON Schemas as far as plugins' settings have them, and whether a value meets one.
//
// The server judges configurations. Here conditions are decided: which settings there are beside the ones that are set.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export type Schema = boolean | SchemaObject;

export interface SchemaObject {
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  type?: string | string[];
  enum?: Json[];
  const?: Json;
  default?: Json;
  examples?: Json[];
  deprecated?: boolean;
  writeOnly?: boolean;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: Schema;
  propertyNames?: Schema;
  required?: string[];
  minProperties?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  not?: Schema;
  if?: Schema;
  then?: Schema;
  else?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

export function isObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema that a `$ref` into `$defs` of the root names. */
export function resolved(root: SchemaObject, schema: Schema): Schema {
  if (typeof schema === "boolean" || schema.$ref === undefined) return schema;
  const name = /^#\/\$defs\/(.+)$/.exec(schema.$ref)?.[1];
  const found = name === undefined ? undefined : root.$defs?.[name.replaceAll("~1", "/").replaceAll("~0", "~")];
  if (found === undefined || typeof found === "boolean") return found ?? true;
  const { $ref: _, ...own } = schema;
  return resolved(root, { ...found, ...own });
}

/** Whether a value meets a schema. Keywords that no plugin's schema uses do not count. */
export function meets(root: SchemaObject, schema: Schema, value: Json): boolean {
  const rules = resolved(root, schema);
  if (typeof rules === "boolean") return rules;
  const all = (schemas: Schema[] | undefined) => (schemas ?? []).every((each) => meets(root, each, value));
  const some = (schemas: Schema[] | undefined) => schemas?.some((each) => meets(root, each, value)) ?? true;
  return (
    hasType(rules.type, value) &&
    (rules.enum === undefined || rules.enum.some((each) => same(each, value))) &&
    (rules.const === undefined || same(rules.const, value)) &&
    (rules.not === undefined || !meets(root, rules.not, value)) &&
    all(rules.allOf) &&
    some(rules.anyOf) &&
    some(rules.oneOf) &&
    meets(root, branch(root, rules, value), value) &&
    (typeof value !== "string" || textMeets(rules, value)) &&
    (typeof value !== "number" || numberMeets(rules, value)) &&
    (!Array.isArray(value) || listMeets(root, rules, value)) &&
    (!isObject(value) || objectMeets(root, rules, value))
  );
}

/** The part of `if`, `then` and `else` that applies to a value. */
export function branch(root: SchemaObject, rules: SchemaObject, value: Json): Schema {
  if (rules.if === undefined) return true;
  return (meets(root, rules.if, value) ? rules.then : rules.else) ?? true;
}

function hasType(type: string | string[] | undefined, value: Json): boolean {
  if (type === undefined) return true;
  const types = Array.isArray(type) ? type : [type];
  const own = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  return types.includes(own) || (types.includes("integer") && Number.isInteger(value));
}

function same(one: Json, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function textMeets(rules: SchemaObject, text: string): boolean {
  const length = [...text].length;
  return (
    length >= (rules.minLength ?? 0) &&
    length <= (rules.maxLength ?? Infinity) &&
    (rules.pattern === undefined || matches(rules.pattern, text))
  );
}

function numberMeets(rules: SchemaObject, value: number): boolean {
  return (
    value >= (rules.minimum ?? -Infinity) &&
    value <= (rules.maximum ?? Infinity) &&
    value > (rules.exclusiveMinimum ?? -Infinity) &&
    value < (rules.exclusiveMaximum ?? Infinity)
  );
}

function listMeets(root: SchemaObject, rules: SchemaObject, list: Json[]): boolean {
  return (
    list.length >= (rules.minItems ?? 0) &&
    list.length <= (rules.maxItems ?? Infinity) &&
    (rules.items === undefined || list.every((each) => meets(root, rules.items as Schema, each)))
  );
}

function objectMeets(root: SchemaObject, rules: SchemaObject, value: { [key: string]: Json }): boolean {
  if (Object.keys(value).length < (rules.minProperties ?? 0)) return false;
  if (!(rules.required ?? []).every((key) => Object.hasOwn(value, key))) return false;
  return Object.entries(value).every(
    ([key, each]) =>
      (rules.propertyNames === undefined || meets(root, rules.propertyNames, key)) &&
      schemasOf(rules, key).every((schema) => meets(root, schema, each)),
  );
}

/** What a schema says of the value of a key. */
export function schemasOf(rules: SchemaObject, key: string): Schema[] {
  const found: Schema[] = [];
  if (rules.properties && Object.hasOwn(rules.properties, key)) found.push(rules.properties[key] as Schema);
  for (const [pattern, schema] of Object.entries(rules.patternProperties ?? {})) {
    if (matches(pattern, key)) found.push(schema);
  }
  if (found.length === 0 && rules.additionalProperties !== undefined) found.push(rules.additionalProperties);
  return found;
}

/** A pattern that this browser cannot read matches everything: the server decides. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}
