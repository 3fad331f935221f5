// Texts in English and Chinese. The browser's language decides, until the user chooses one.
//
//     const t = texts({ send: "Send", tokens: "{n} tokens" }, { send: "发送", tokens: "{n} 个 token" });
//     h("button", {}, t("send"))                // changes with the language
//     h("p", {}, t("tokens", { n: 12 }))
//     t.now("send")                             // the text of this moment, for announcements and dialogs

import { kept } from "./settings.ts";

export type Language = "en" | "zh";

/** A text that h() writes again when the language changes. */
export type LiveText = () => string;

export interface Texts<Key extends string> {
  (key: Key, values?: Values): LiveText;
  now(key: Key, values?: Values): string;
}

export type Values = Readonly<Record<string, string | number>>;

/** `zh` has to have the keys of `en`: the compiler checks it. `{name}` in a text is replaced by a value. */
export function texts<Key extends string>(
  en: Readonly<Record<Key, string>>,
  zh: Readonly<Record<NoInfer<Key>, string>>,
): Texts<Key> {
  const now = (key: Key, values: Values = {}): string =>
    (current === "zh" ? zh : en)[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  return Object.assign((key: Key, values?: Values): LiveText => () => now(key, values), { now });
}

let current: Language = chosen();
const listeners = new Set<() => void>();

export const language = (): Language => current;

export function setLanguage(wanted: Language): void {
  kept.set("language", wanted);
  current = wanted;
  applyLanguage();
}

/** `listener` is called after each change. Texts that h() was given change by themselves. */
export function onLanguage(listener: () => void): void {
  listeners.add(listener);
}

/** The parts of the document that depend on the language. */
export function applyLanguage(): void {
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  for (const listener of listeners) listener();
}

/** A number as readers of the language write it. */
export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(current, { maximumFractionDigits: digits }).format(value);
}

function chosen(): Language {
  const stored = kept.get("language");
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}
