// What is wrong with a setting.

import { foreign, h } from "../../common/dom.ts";
import type { Message } from "./context.ts";

export function isInvalid(messages: Message[]): boolean {
  return messages.some((each) => !each.warning);
}

export function messageList(messages: Message[], id: string): HTMLElement | false {
  return (
    messages.length > 0 &&
    h(
      "ul",
      { class: "messages", id: `${id}-problem` },
      messages.map((each) => h("li", { class: each.warning ? "warning" : "problem" }, foreign(each.message))),
    )
  );
}
