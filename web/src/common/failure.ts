// An error: its status, its text, and what to do.

import { foreign, h } from "./dom.ts";
import type { HttpFailure } from "./http.ts";
import { number, texts } from "./i18n.ts";

const t = texts(
  {
    details: "What the gateway answered",
    status: "Status {status}",
    noStatus: "No answer",
    retryAfter: "Try again in {n} s.",
    advice0: "The gateway cannot be reached, or it broke off. Check that it runs, and its log.",
    advice400: "The service or the gateway does not accept the request. Check the model's name, the settings and the tools.",
    advice401: "The key is missing or wrong. Enter the key of a client of this gateway in the settings; if it is right, check the provider's token in the gateway's configuration.",
    advice403: "This key may not do that. Check what the gateway allows it, and its quota.",
    advice404: "There is no such model or path. Check the model's name, and the routes of the gateway.",
    advice413: "The request is too large. Remove images or earlier messages.",
    advice429: "A limit is reached. Wait, or raise the limit in the gateway's configuration.",
    advice500: "A plugin or the service failed. The gateway's log says why.",
    advice503: "The service cannot be reached. Check the upstream's address and the network of the gateway.",
    advice504: "The service took too long. Try again, or raise the gateway's time limits.",
  },
  {
    details: "网关的响应",
    status: "状态码 {status}",
    noStatus: "没有响应",
    retryAfter: "请在 {n} 秒后重试。",
    advice0: "无法连接网关，或连接中断。请检查网关是否在运行，并查看日志。",
    advice400: "服务或网关不接受此请求。请检查模型名称、设置和工具。",
    advice401: "缺少密钥或密钥错误。请在设置中填写此网关客户端的密钥；如果密钥正确，请检查网关配置中服务商的令牌。",
    advice403: "此密钥没有权限。请检查网关允许的范围和额度。",
    advice404: "没有此模型或路径。请检查模型名称和网关的路由。",
    advice413: "请求过大。请移除图片或较早的消息。",
    advice429: "已达到限额。请稍候，或在网关配置中提高限额。",
    advice500: "插件或服务出错。原因见网关日志。",
    advice503: "无法连接服务。请检查上游地址和网关的网络。",
    advice504: "服务响应超时。请重试，或在网关配置中放宽时间限制。",
  },
);

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
