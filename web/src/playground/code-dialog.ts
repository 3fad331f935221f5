// A dialog with a request as source text to copy.

import type { ChatRequest } from "../common/chat.ts";
import { copyButton } from "../common/copy.ts";
import { h, replace } from "../common/dom.ts";
import { icon } from "../common/icons.ts";
import { coloured } from "../common/markdown/blocks.ts";
import { shortened, snippets, type Snippet } from "./snippets.ts";
import { t } from "./texts.ts";

export function showCode(request: ChatRequest): void {
  const all = snippets(request, document.baseURI);
  const close = h("button", { class: "button quiet icon", type: "button", "aria-label": t("close") }, icon("close"));
  const panel = h("div", { role: "tabpanel", id: "code-panel" });
  const tabs = all.map(({ name }) => h("button", { class: "button quiet", type: "button", role: "tab", "aria-controls": "code-panel" }, name));
  const select = (index: number): void => {
    tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === index));
      tab.tabIndex = place === index ? 0 : -1;
    });
    replace(panel, snippetView(all[index] as Snippet));
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => select(index));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = (index + step + tabs.length) % tabs.length;
      select(next);
      tabs[next]?.focus();
    });
  });
  const dialog = h(
    "dialog",
    { class: "code-dialog", "aria-label": t("request") },
    h("header", { class: "row" }, h("h2", { class: "grow" }, t("request")), close),
    h("div", { class: "row", role: "tablist", "aria-label": t("code") }, tabs),
    panel,
    h("p", { class: "muted small" }, t("requestHint")),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  select(0);
  dialog.showModal();
}

function snippetView({ language, text }: Snippet): HTMLElement {
  const shown = shortened(text);
  const inner = h("code", {}, shown);
  void coloured(inner, language);
  return h(
    "div",
    { class: "stack" },
    h(
      "figure",
      { class: "code" },
      h("figcaption", {}, h("span", { class: "grow" }, language), copyButton(() => text)),
      h("pre", { tabindex: "0" }, inner),
    ),
    shown === text ? null : h("p", { class: "muted small" }, t("shortened")),
  );
}
