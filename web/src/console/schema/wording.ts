// Warnings in words.

import { texts } from "../../common/i18n.ts";
import type { Warning } from "./warnings.ts";

const t = texts(
  {
    unknown: "The plugin does not know this key.",
    missing: "{expected} is missing.",
    type: "The schema expects {expected} here.",
    choice: "The schema expects one of {expected}.",
    range: "The schema expects a number {expected}.",
    form: "The schema expects another form of text here.",
    text: "a text",
    number: "a number",
    integer: "a whole number",
    boolean: "true or false",
    list: "a list",
    map: "keys and values",
    object: "keys and values",
  },
  {
    unknown: "插件不认识这个键。",
    missing: "缺少 {expected}。",
    type: "模式要求此处为{expected}。",
    choice: "模式要求以下之一：{expected}。",
    range: "模式要求数字范围 {expected}。",
    form: "模式要求其他格式的文本。",
    text: "文本",
    number: "数字",
    integer: "整数",
    boolean: "true 或 false",
    list: "列表",
    map: "键值对",
    object: "键值对",
  },
);

const KINDS = ["text", "number", "integer", "boolean", "list", "map", "object"] as const;

export function inWords(warning: Warning): string {
  const kind = KINDS.find((each) => each === warning.expected);
  const expected = warning.what === "type" && kind ? t.now(kind) : warning.expected;
  return t.now(warning.what, { expected });
}
