// What a user has said: shown, and edited in its place. And results of tools.

import { foreign, h, replace } from "../common/dom.ts";
import { icon, type Icon } from "../common/icons.ts";
import type { LiveText } from "../common/i18n.ts";
import { withVisibleDirections } from "../common/visible.ts";
import type { ResultsTurn, UserTurn } from "./conversation.ts";
import { t } from "./texts.ts";

export function action(name: Icon, label: LiveText, run: () => void): HTMLButtonElement {
  return h("button", { class: "button quiet small", type: "button", onclick: run }, icon(name), label);
}

/** `save` gets the text that the user has changed. */
export function userTurn(turn: UserTurn, save: (text: string) => void): HTMLElement {
  const body = h("div", { class: "user-body" });
  const element = h("article", { class: "turn user", "aria-label": t("you") }, body);
  const show = (): void => {
    replace(
      body,
      h("h2", { class: "visually-hidden" }, t("you")),
      turn.images.length ? h("div", { class: "row" }, turn.images.map(picture)) : null,
      turn.text ? h("div", { class: "user-text", dir: "auto" }, withVisibleDirections(turn.text)) : null,
      h("footer", { class: "turn-footer" }, action("edit", t("edit"), edit)),
    );
  };
  const edit = (): void => {
    const input = h("textarea", { rows: "3", dir: "auto", "aria-label": t("message") });
    input.value = turn.text;
    const cancel = (): void => {
      show();
      body.querySelector("button")?.focus();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") cancel();
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        save(input.value);
      }
    });
    replace(
      body,
      input,
      h(
        "div",
        { class: "row turn-footer" },
        h("button", { class: "button small primary", type: "button", onclick: () => save(input.value) }, t("save")),
        h("button", { class: "button small", type: "button", onclick: cancel }, t("cancel")),
      ),
    );
    input.focus();
  };
  show();
  return element;
}

export function resultsTurn({ results }: ResultsTurn): HTMLElement {
  return h(
    "article",
    { class: "turn results stack" },
    results.map(({ call, content }) =>
      h(
        "section",
        { class: "tool-result" },
        h("h3", { class: "small muted" }, t("toolResult", { name: "" }), foreign(call.function.name, { class: "mono" })),
        h("pre", { class: "raw" }, withVisibleDirections(content)),
      ),
    ),
  );
}

const picture = (address: string, index: number): HTMLElement =>
  h("img", { class: "picture", src: address, alt: t("imageOf", { n: index + 1 }) });
