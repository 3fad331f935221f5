// The frame of a page: header with links, theme and language, main landmark, and a polite live region.

import "./base.css";
import { append, h, type Child } from "./dom.ts";
import { applyLanguage, language, onLanguage, setLanguage, texts, type LiveText } from "./i18n.ts";
import { icon, logo } from "./icons.ts";
import { applyTheme, setTheme, theme } from "./theme.ts";

const t = texts(
  {
    skip: "Skip to content",
    pages: "Pages",
    playground: "Playground",
    arena: "Arena",
    console: "Console",
    dark: "Dark colours",
    light: "Light colours",
    language: "中文",
    languageLabel: "中文：切换到中文",
  },
  {
    skip: "跳到主要内容",
    pages: "页面",
    playground: "对话",
    arena: "竞技场",
    console: "控制台",
    dark: "深色",
    light: "浅色",
    language: "EN",
    languageLabel: "EN: Switch to English",
  },
);

export type Page = "playground" | "arena" | "console";

export interface Shell {
  /** What the page fills. */
  main: HTMLElement;
  /** The right side of the header, before theme and language. */
  tools: HTMLElement;
}

/** Fills the document. `links`: the pages of the same listener. */
export function shell(page: Page, links: readonly Page[], ...content: Child[]): Shell {
  applyTheme();
  const main = h("main", { class: "page-main", id: "main", tabindex: "-1" });
  const tools = h("div", { class: "row" });
  const header = h(
    "header",
    { class: "page-header" },
    h("span", { class: "brand" }, logo(), h("span", { class: "brand-name" }, "proxywasm")),
    h("nav", { class: "page-nav", "aria-label": t("pages") }, links.map((each) => link(each, page))),
    h("div", { class: "page-tools" }, tools, themeButton(), languageButton()),
  );
  const skip = h("a", { class: "button skip-link", href: "#main" }, t("skip"));
  document.body.replaceChildren(skip, h("div", { class: "page" }, header, main), region);
  append(main, content);
  titled(t(page));
  return { main, tools };
}

/** The title of the window, in both languages. */
export function titled(text: LiveText): void {
  title = text;
  applyLanguage();
}

let title: LiveText = () => "";
onLanguage(() => (document.title = `${title()} · proxywasm`));

/** Tells users of a screen reader, without moving the focus. */
export function announce(text: string): void {
  region.textContent = text;
}

const region = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });

function link(to: Page, here: Page): HTMLElement {
  return h("a", { href: to, ...(to === here ? { "aria-current": "page" } : {}) }, t(to));
}

function themeButton(): HTMLElement {
  const button = h("button", { class: "button quiet icon", type: "button" });
  const show = (): void => {
    const other = theme() === "dark" ? "light" : "dark";
    button.replaceChildren(icon(other === "dark" ? "moon" : "sun"), label(other));
  };
  const label = (other: "light" | "dark"): HTMLElement => h("span", { class: "visually-hidden" }, t(other));
  button.addEventListener("click", () => {
    setTheme(theme() === "dark" ? "light" : "dark");
    show();
  });
  show();
  return button;
}

function languageButton(): HTMLElement {
  return h(
    "button",
    {
      class: "button quiet",
      type: "button",
      "aria-label": t("languageLabel"),
      onclick: () => setLanguage(language() === "en" ? "zh" : "en"),
    },
    t("language"),
  );
}
