// Parts that several views consist of.

import { foreign, h, replace, type Child } from "../../common/dom.ts";
import { texts, type LiveText } from "../../common/i18n.ts";
import { icon } from "../../common/icons.ts";

const t = texts(
  { cancel: "Cancel", close: "Close", failed: "It did not work: {why}", loading: "Loading …", again: "Try again" },
  { cancel: "取消", close: "关闭", failed: "操作失败：{why}", loading: "正在加载……", again: "重试" },
);

/** The heading of a view, with its actions at the other end. */
export function heading(title: LiveText, lead: Child, ...actions: Child[]): HTMLElement {
  return h(
    "div",
    { class: "view-head" },
    h("div", { class: "grow" }, h("h1", { tabindex: "-1" }, title), lead && h("p", { class: "muted small" }, lead)),
    h("div", { class: "row" }, actions),
  );
}

export function card(title: LiveText, ...content: Child[]): HTMLElement {
  return h("section", { class: "card panel" }, h("h2", {}, title), content);
}

/** Names and values: names are ours, values are shown as texts. */
export function facts(...pairs: [LiveText, Child][]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** A text of others, or a dash where there is none. */
export function given(text: string | null | undefined, attributes: Record<string, string> = {}): HTMLElement {
  return text ? foreign(text, attributes) : h("span", { class: "muted" }, "–");
}

export function empty(text: LiveText): HTMLElement {
  return h("p", { class: "muted empty" }, text);
}

export function failure(error: unknown): HTMLElement {
  return h("p", { class: "notice bad", role: "alert" }, foreign(t.now("failed", { why: reason(error) })));
}

export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Content that has to be fetched: shows that it loads, or why it cannot, with a button to try again. */
export function loaded(box: HTMLElement, load: () => Promise<Child>): Promise<void> {
  replace(box, h("p", { class: "muted", role: "status" }, t("loading")));
  return load().then(
    (content) => replace(box, content),
    (error: unknown) =>
      replace(
        box,
        failure(error),
        h(
          "button",
          { class: "button", type: "button", onclick: () => void loaded(box, load) },
          icon("retry"),
          t("again"),
        ),
      ),
  );
}

/** A button whose work takes a while: it cannot be pressed again meanwhile, and what fails is shown in `failures`. */
export function worker(
  attributes: Record<string, string>,
  content: Child,
  work: () => Promise<void>,
  failures: HTMLElement,
): HTMLButtonElement {
  const button = h("button", { type: "button", ...attributes }, content);
  button.addEventListener("click", () => {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    failures.replaceChildren();
    work()
      .catch((error: unknown) => failures.append(failure(error)))
      .finally(() => {
        button.disabled = false;
        button.removeAttribute("aria-busy");
      });
  });
  return button;
}

export interface Dialog {
  element: HTMLDialogElement;
  close(): void;
}

/** A modal dialog. Escape and the button close it; it then leaves the page, and the focus returns. */
export function dialog(title: LiveText, content: Child, actions: (close: () => void) => Child): Dialog {
  const heading = h("h2", { id: "dialog-title" }, title);
  const element = h("dialog", { class: "wide", "aria-labelledby": "dialog-title" });
  const close = (): void => element.close();
  const cancel = h("button", { class: "button", type: "button", onclick: close }, t("cancel"));
  replace(
    element,
    heading,
    h("div", { class: "dialog-body" }, content),
    h("div", { class: "dialog-actions" }, cancel, actions(close)),
  );
  element.addEventListener("close", () => element.remove());
  document.body.append(element);
  element.showModal();
  return { element, close };
}

/** A switch between two or three things. */
export function segments<Name extends string>(
  label: LiveText,
  options: readonly (readonly [Name, LiveText])[],
  chosen: Name,
  choose: (name: Name) => void,
): HTMLElement {
  const buttons = options.map(([name, text]) =>
    h(
      "button",
      {
        type: "button",
        class: "button quiet small",
        "aria-pressed": String(name === chosen),
        onclick: (event: MouseEvent) => {
          for (const each of buttons) each.setAttribute("aria-pressed", String(each === event.currentTarget));
          choose(name);
        },
      },
      text,
    ),
  );
  return h("div", { class: "segments", role: "group", "aria-label": label }, buttons);
}
