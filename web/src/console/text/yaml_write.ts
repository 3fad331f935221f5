// YAML texts of values, as parts of an edited text.

import { stringify } from "yaml";
import type { Scalar } from "yaml";

const OPTIONS = { lineWidth: 0, blockQuote: false } as const;

/** Whether a value takes lines of its own in block style. */
export function isBlock(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

/** In block style, beginning in column 0, without a newline at the end. */
export function block(value: unknown): string {
  return stringify(value, OPTIONS).trimEnd();
}

export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, each]) => `${keyText(key)}: ${flow(each)}`)
      .join(", ")}}`;
  }
  return scalarText(value, undefined, true);
}

/** A scalar on one line, in the quotes of the one that it replaces. */
export function scalarText(value: unknown, old?: Scalar, inFlow = false): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "[]" : "{}";
  if (typeof value !== "string") return block(value);
  const quoted = old?.value === "" ? undefined : old?.type;
  if (quoted === "QUOTE_DOUBLE" || value.includes("\n")) return JSON.stringify(value);
  if (quoted === "QUOTE_SINGLE") return `'${value.replaceAll("'", "''")}'`;
  return inFlow ? flowSafe(value) : block(value);
}

/** A text in flow style, where a comma or a bracket would end it. */
function flowSafe(text: string): string {
  const plain = block(text);
  return plain === text && !/[,[\]{}]/.test(text) ? plain : JSON.stringify(text);
}

export function keyText(key: string): string {
  return flowSafe(key);
}

function indented(text: string, column: number): string {
  return text.replace(/\n(?=[^\n])/g, `\n${" ".repeat(column)}`);
}

export function pairText(key: string, value: unknown, column: number): string {
  return keyText(key) + ":" + (isBlock(value) ? underKey(value, column) : ` ${scalarText(value)}`);
}

/** What follows the colon of a key in this column. */
export function underKey(value: unknown, column: number): string {
  return `\n${" ".repeat(column + 2)}${indented(block(value), column + 2)}`;
}

/** What follows the dash and the blank of an item whose dash is in this column. */
export function inItem(value: unknown, column: number): string {
  return isBlock(value) ? indented(block(value), column + 2) : scalarText(value);
}
