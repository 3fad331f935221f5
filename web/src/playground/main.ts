// The playground: a chat with any model behind the gateway.

import "../common/base.css"; // before the page's own rules
import "./playground.css";
import type { ChatRequest } from "../common/chat.ts";
import { h } from "../common/dom.ts";
import { icon, type Icon } from "../common/icons.ts";
import type { LiveText } from "../common/i18n.ts";
import { ModelPicker } from "../common/models.ts";
import { shell } from "../common/shell.ts";
import { ChatView } from "./chat-view.ts";
import { showCode } from "./code-dialog.ts";
import { Composer } from "./composer.ts";
import { exported, messagesOf, type Turn } from "./conversation.ts";
import { InvalidSetting, SettingsForm } from "./settings.ts";
import { t } from "./texts.ts";

const models = new ModelPicker("playground");
const settings = new SettingsForm(() => void models.load(settings.token));
const composer = new Composer(
  (draft) => chat.send(draft),
  () => chat.stop(),
);
const chat = new ChatView({
  request,
  token: () => settings.token,
  onRunning: (running) => composer.setRunning(running),
  empty: welcome(),
});

/** `null`: the user is told what to correct. */
function request(turns: readonly Turn[]): ChatRequest | null {
  if (!models.model) {
    composer.complain(t.now("noModel"));
    models.focus();
    return null;
  }
  try {
    return { model: models.model, messages: messagesOf(turns, settings.system), ...settings.parameters() };
  } catch (error) {
    if (!(error instanceof InvalidSetting)) throw error;
    showSettings(true);
    error.control.focus();
    return null;
  }
}

function welcome(): HTMLElement {
  const suggestion = (text: LiveText, note: LiveText | null, run: () => void): HTMLElement =>
    h("button", { class: "card suggestion", type: "button", onclick: run }, h("span", {}, text), note && h("span", { class: "chip" }, note));
  const ask = (key: "try1" | "try2" | "try3"): void => void chat.send({ text: t.now(key), images: [] });
  return h(
    "div",
    { class: "welcome stack" },
    h("h2", {}, t("emptyTitle")),
    h("p", { class: "muted" }, t("emptyText")),
    h(
      "div",
      { class: "suggestions" },
      suggestion(t("try1"), null, () => ask("try1")),
      suggestion(t("try2"), null, () => ask("try2")),
      suggestion(t("try3"), t("try3Note"), () => {
        settings.insertTools();
        ask("try3");
      }),
    ),
  );
}

function barButton(name: Icon, label: LiveText, run: () => void): HTMLButtonElement {
  return h("button", { class: "button bar-button", type: "button", onclick: run, title: label }, icon(name), h("span", {}, label));
}

const settingsButton = barButton("settings", t("settings"), () => showSettings(settings.element.hidden !== false));
settingsButton.setAttribute("aria-controls", "settings");
settings.element.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  showSettings(false);
  settingsButton.focus();
});

function showSettings(visible: boolean): void {
  settings.element.hidden = !visible;
  settingsButton.setAttribute("aria-expanded", String(visible));
}

/** The request that the composer would send. */
function draftCode(): void {
  const { text, images } = composer.draft;
  const turns: Turn[] = text.trim() || images.length ? [...chat.all, { kind: "user", text, images }] : [...chat.all];
  const found = request(turns);
  if (found) showCode(found);
}

function download(): void {
  const address = URL.createObjectURL(new Blob([exported(chat.all, settings.system)], { type: "application/json" }));
  h("a", { href: address, download: "conversation.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const { main } = shell("playground", ["playground", "arena"]);
main.classList.add("playground");
main.append(
  h("h1", { class: "visually-hidden" }, t("title")),
  h(
    "div",
    { class: "bar row", role: "toolbar", "aria-label": t("conversation") },
    models.element,
    barButton("plus", t("newChat"), () => {
      chat.clear();
      composer.focus();
    }),
    barButton("code", t("code"), draftCode),
    barButton("download", t("export"), download),
    settingsButton,
  ),
  h(
    "div",
    { class: "columns" },
    h("div", { class: "chat" }, models.notice, chat.element, composer.element),
    settings.element,
  ),
);
showSettings(matchMedia("(min-width: 64rem)").matches);
composer.focus();
void models.load(settings.token);
performance.mark("interactive");
