// Light or dark: as the system wants it, until the user chooses.

import { kept } from "./settings.ts";

export type Theme = "light" | "dark";

const system = matchMedia("(prefers-color-scheme: dark)");

export function theme(): Theme {
  const stored = kept.get("theme");
  if (stored === "light" || stored === "dark") return stored;
  return system.matches ? "dark" : "light";
}

export function setTheme(wanted: Theme): void {
  kept.set("theme", wanted === (system.matches ? "dark" : "light") ? "" : wanted);
  applyTheme();
}

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = theme();
}

system.addEventListener("change", applyTheme);
