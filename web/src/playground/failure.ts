// An error: its status, its text, and what to do.

import { foreign, h } from "../common/dom.ts";
import type { HttpFailure } from "../common/http.ts";
import { number } from "../common/i18n.ts";
import { t } from "./texts.ts";

export function failureNotice(failure: HttpFailure): HTMLElement {
  const { status, message, code, body, retryAfter } = failure;
  return h(
    "div",
    { class: "notice bad stack failure", role: "alert" },
    h(
      "p",
      {},
      h("strong", {}, status ? t("status", { status }) : t("noStatus")),
      " ",
      code && h("span", { class: "chip bad" }, foreign(code)),
    ),
    h("p", { dir: "auto" }, foreign(message)),
    h("p", { class: "small" }, t(advice(status)), " ", retryAfter !== null && t("retryAfter", { n: number(retryAfter) })),
    body && body.trim() !== message
      ? h("details", { class: "small" }, h("summary", {}, t("details")), h("pre", { class: "raw" }, foreign(body)))
      : null,
  );
}

function advice(status: number): Parameters<typeof t>[0] {
  switch (status) {
    case 401:
      return "advice401";
    case 403:
      return "advice403";
    case 404:
      return "advice404";
    case 413:
      return "advice413";
    case 429:
      return "advice429";
    case 502:
    case 503:
      return "advice503";
    case 408:
    case 504:
      return "advice504";
    default:
      if (status < 300) return "advice0"; // the stream of a successful response broke off
      return status < 500 ? "advice400" : "advice500";
  }
}
