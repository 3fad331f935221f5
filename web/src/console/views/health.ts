// What plugins remember: health of tokens, breakers, limits and quotas.

import { foreign, h, replace, type Child } from "../../common/dom.ts";
import { texts, type LiveText } from "../../common/i18n.ts";
import type { PluginState, State } from "../api.ts";
import type { Desk, View } from "../view.ts";
import { count, moment } from "./format.ts";
import { empty, given, heading } from "./parts.ts";

const t = texts(
  {
    title: "Health and limits",
    lead: "What plugins keep of tokens, providers and consumers.",
    none: "Nothing is kept: no token has failed, no breaker is open, no limit or budget has been used.",
    tokens: "Tokens of model services",
    breakers: "Breakers",
    limits: "Limits",
    quotas: "Budgets",
    token: "Token",
    state: "State",
    failures: "Failures",
    checks: "Checks good / bad",
    next: "Next check",
    provider: "Provider",
    model: "Model",
    until: "Open until",
    limit: "Rule",
    kind: "Kind",
    refused: "Requests refused",
    consumer: "Consumer",
    month: "Month",
    balance: "Left",
    more: "{n} further entries are not listed.",
    down: "down",
    failing: "failing",
    open: "open",
    halfOpen: "half-open",
    closed: "closed",
  },
  {
    title: "健康与限额",
    lead: "插件记录的令牌、提供商和消费者状态。",
    none: "没有记录：没有令牌失败，没有熔断，也没有用到限额或预算。",
    tokens: "模型服务的令牌",
    breakers: "熔断器",
    limits: "限额",
    quotas: "预算",
    token: "令牌",
    state: "状态",
    failures: "失败次数",
    checks: "检查成功 / 失败",
    next: "下次检查",
    provider: "提供商",
    model: "模型",
    until: "断开至",
    limit: "规则",
    kind: "类型",
    refused: "被拒绝的请求",
    consumer: "消费者",
    month: "月份",
    balance: "剩余",
    more: "另有 {n} 条未列出。",
    down: "停用",
    failing: "失败中",
    open: "断开",
    halfOpen: "半开",
    closed: "闭合",
  },
);

export function health(desk: Desk): View {
  const box = h("div", { class: "stack" });
  const where = h("p", { class: "muted small" });
  let leave = (): void => undefined;
  desk.live.on<State>("state", (state) => {
    const parts = state.plugins.flatMap(partsOf);
    replace(box, parts.length ? parts : empty(t("none")));
    replace(where, foreign(state.where));
  });
  return {
    element: h("div", { class: "stack" }, heading(t("title"), t("lead")), box, where),
    show: () => {
      leave = desk.live.want("state");
    },
    hide: () => leave(),
  };
}

function partsOf(plugin: PluginState): HTMLElement[] {
  const { tokens, breakers, limits, quotas } = plugin;
  const parts: HTMLElement[] = [];
  const add = (title: LiveText, head: LiveText[], rows: Child[][]): void => {
    if (rows.length) parts.push(section(plugin.name, title, head, rows));
  };
  add(
    t("tokens"),
    [t("token"), t("state"), t("failures"), t("checks"), t("next")],
    tokens.map((each) => [
      foreign(each.token, { class: "mono" }),
      chip(each.state),
      count(each.failures),
      `${count(each.good_checks)} / ${count(each.bad_checks)}`,
      each.next_check ? moment(each.next_check) : "–",
    ]),
  );
  add(
    t("breakers"),
    [t("provider"), t("model"), t("state"), t("failures"), t("until")],
    breakers.map((each) => [
      given(each.provider),
      given(each.model),
      chip(each.state),
      count(each.failures),
      each.until ? moment(each.until) : "–",
    ]),
  );
  add(
    t("limits"),
    [t("limit"), t("kind"), t("refused")],
    limits.map((each) => [given(each.rule), given(each.kind), count(each.refused)]),
  );
  add(
    t("quotas"),
    [t("consumer"), t("month"), t("balance")],
    quotas.map((each) => [given(each.consumer), given(each.month), count(each.balance)]),
  );
  if (plugin.more > 0) parts.push(h("p", { class: "muted small" }, t("more", { n: plugin.more })));
  return parts;
}

function section(plugin: string, title: LiveText, head: LiveText[], rows: Child[][]): HTMLElement {
  return h(
    "section",
    { class: "card panel" },
    h("div", { class: "row" }, h("h2", {}, title), h("span", { class: "chip" }, foreign(plugin))),
    h(
      "div",
      { class: "table-box" },
      h(
        "table",
        { class: "data" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            head.map((each) => h("th", { scope: "col" }, each)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map((row) =>
            h(
              "tr",
              {},
              row.map((cell, index) => h("td", { "data-label": head[index] ?? "" }, cell)),
            ),
          ),
        ),
      ),
    ),
  );
}

function chip(state: string): HTMLElement {
  const [kind, text] = CHIPS[state] ?? ["", null];
  return h("span", { class: `chip ${kind}` }, text ?? foreign(state));
}

const CHIPS: Record<string, [string, LiveText]> = {
  down: ["bad", t("down")],
  failing: ["warn", t("failing")],
  open: ["bad", t("open")],
  "half-open": ["warn", t("halfOpen")],
  closed: ["good", t("closed")],
};
