// Values as texts to read, in the form of YAML.

import type { Json } from "../schema/schema.ts";

/** Enough for reading: it need not be read by a program. */
export function stringify(value: Json, indent = ""): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]\n";
    return value.map((each) => `${indent}- ${inner(each, `${indent}  `, true)}`).join("");
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return "{}\n";
    return entries
      .map(([key, each]) => `${indent}${key}: ${inner(each, `${indent}  `, false)}`.replace(/: \n/, ":\n"))
      .join("");
  }
  return `${scalar(value)}\n`;
}

function inner(value: Json, indent: string, inList: boolean): string {
  const some = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (!some) return stringify(value);
  return inList ? stringify(value, indent).slice(indent.length) : `\n${stringify(value, indent)}`;
}

function scalar(value: Json): string {
  return typeof value === "string" && value !== "" && value.trim() === value && !/[\n:#]/.test(value)
    ? value
    : JSON.stringify(value);
}
