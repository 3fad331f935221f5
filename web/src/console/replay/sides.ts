// Both sides of an exchange: what the client and the gateway asked, what the service and the gateway answered.

import { foreign, h, type Child } from "../../common/dom.ts";
import { texts, type LiveText } from "../../common/i18n.ts";
import type { Message, Side } from "../api.ts";
import { chunk } from "./timeline.ts";

const t = texts(
  {
    request: "The client asked",
    upstream: "To the service",
    response: "The service answered",
    client: "The client got",
    reply: "The plugin replied by itself",
    callout: "Call of the plugin to {name}",
    givenUp: "An earlier attempt",
    headers: "Headers ({n})",
    none: "Nothing.",
    incomplete: "has no end",
    body: "Body in {n} chunks",
    all: "Show all",
    answer: "Answer",
  },
  {
    request: "客户端请求",
    upstream: "发往服务",
    response: "服务响应",
    client: "客户端收到",
    reply: "插件直接应答",
    callout: "插件调用 {name}",
    givenUp: "先前的尝试",
    headers: "头部（{n}）",
    none: "无。",
    incomplete: "未结束",
    body: "消息体，{n} 个数据块",
    all: "显示全部",
    answer: "响应",
  },
);

const AT_FIRST = 4000;

export function sideView(side: Side): HTMLElement {
  return h(
    "div",
    { class: "side stack" },
    messageView(t("request"), side.request),
    side.callouts.map((each) => [
      messageView(t("callout", { name: each.cluster }), each.request),
      each.response && messageView(t("answer"), each.response),
    ]),
    side.given_up.map((each) => messageView(t("givenUp"), each)),
    side.upstream && messageView(t("upstream"), side.upstream),
    side.response && messageView(t("response"), side.response),
    side.local_reply &&
      section(t("reply"), [
        h("p", { class: "mono" }, String(side.local_reply.status), " ", foreign(side.local_reply.details)),
        headersView(side.local_reply.headers),
        chunk(side.local_reply.body),
      ]),
    side.client && messageView(t("client"), side.client),
  );
}

function messageView(title: LiveText, message: Message): HTMLElement {
  const start = message.headers.filter(([name]) => name.startsWith(":")).map(([, value]) => value);
  return section(title, [
    h(
      "p",
      { class: "mono" },
      foreign(start.join(" ")),
      !message.complete && [" ", h("span", { class: "chip warn" }, t("incomplete"))],
    ),
    headersView(message.headers.filter(([name]) => !name.startsWith(":"))),
    bodyView(message),
  ]);
}

function section(title: LiveText, content: Child): HTMLElement {
  return h("section", { class: "message" }, h("h3", {}, title), content);
}

function headersView(headers: [string, string][]): Child {
  if (headers.length === 0) return null;
  return h(
    "details",
    {},
    h("summary", { class: "small" }, t("headers", { n: headers.length })),
    h(
      "dl",
      { class: "headers" },
      headers.map(([name, value]) => h("div", {}, h("dt", {}, foreign(name)), h("dd", {}, foreign(value)))),
    ),
  );
}

function bodyView(message: Message): Child {
  const { body } = message;
  if (body.length === 0) return null;
  if (body.some((each) => each.text === undefined)) return body.map((each) => chunk(each));
  const text = body.map((each) => each.text).join("");
  const shown = h("pre", { class: "code", tabindex: "0" }, foreign(text.slice(0, AT_FIRST)));
  const more = h("button", { class: "button small", type: "button" }, t("all"));
  more.addEventListener("click", () => {
    shown.replaceChildren(foreign(text));
    more.remove();
  });
  return [
    body.length > 1 && h("p", { class: "muted small" }, t("body", { n: body.length })),
    shown,
    text.length > AT_FIRST && more,
  ];
}
