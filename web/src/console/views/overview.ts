// What serves: state of the last reload, routes, plugins, upstreams, and everything with its defaults.

import { foreign, h, replace, type Child } from "../../common/dom.ts";
import { texts } from "../../common/i18n.ts";
import type { Gateway, Reload, Route, RunningPlugin } from "../api.ts";
import type { Desk, View } from "../view.ts";
import { bytes, count, moment, short } from "./format.ts";
import { card, facts, given, heading, loaded } from "./parts.ts";
import type { Sample, Streams } from "../api.ts";
import { stringify } from "./text.ts";

const t = texts(
  {
    title: "Overview",
    status: "Status",
    serving: "Configuration {n} serves",
    since: "Since",
    refused: "The last reload was refused; configuration {n} serves on.",
    started: "Started",
    engine: "Engine",
    file: "File",
    listen: "Address",
    workers: "Workers",
    reloads: "Refused reloads",
    now: "Now",
    open: "Open streams",
    requests: "Requests",
    failed: "Broken off",
    tokens: "Tokens in / out",
    memory: "Memory",
    routes: "Routes",
    name: "Name",
    match: "Matches",
    everything: "everything",
    upstream: "Upstream",
    byPlugin: "as plugins say",
    plugins: "Plugins, in the order of requests",
    source: "Source",
    failure: "If it fails",
    closed: "requests get 500",
    opened: "requests pass",
    settings: "Settings",
    edit: "Edit",
    upstreams: "Upstreams",
    url: "URL",
    effective: "Everything, with its defaults",
    effectiveLead: "Variables of the environment are filled in, secrets are masked.",
    show: "Show",
    none: "None.",
    envoy:
      "Envoy serves; the console is a process beside it. Live streams, health and recordings are only in proxywasm serve.",
    yes: "WebAssembly",
    native: "natively, for a debugger",
  },
  {
    title: "概览",
    status: "状态",
    serving: "配置 {n} 正在生效",
    since: "自",
    refused: "最近一次重载被拒绝；配置 {n} 继续生效。",
    started: "启动时间",
    engine: "引擎",
    file: "文件",
    listen: "地址",
    workers: "工作进程",
    reloads: "被拒绝的重载",
    now: "当前",
    open: "进行中的流",
    requests: "请求",
    failed: "异常中断",
    tokens: "输入 / 输出 token",
    memory: "内存",
    routes: "路由",
    name: "名称",
    match: "匹配",
    everything: "全部",
    upstream: "上游",
    byPlugin: "由插件决定",
    plugins: "插件（按请求顺序）",
    source: "来源",
    failure: "出错时",
    closed: "请求得到 500",
    opened: "请求放行",
    settings: "配置",
    edit: "编辑",
    upstreams: "上游服务",
    url: "URL",
    effective: "完整配置（含默认值）",
    effectiveLead: "环境变量已代入，密钥已隐藏。",
    show: "显示",
    none: "无。",
    envoy: "由 Envoy 提供服务；控制台是旁边的进程。实时流、健康状态和录制仅在 proxywasm serve 中提供。",
    yes: "WebAssembly",
    native: "原生运行（便于调试）",
  },
);

export function overview(desk: Desk): View {
  const { about, live, api } = desk;
  const status = h("div", {});
  const numbers = h("div", { class: "numbers" });
  const details = h("div", { class: "stack" });
  let generation = -1;
  let leave: (() => void)[] = [];

  const load = (): void =>
    void loaded(details, async () => {
      const gateway = await api.gateway();
      generation = gateway.generation;
      return parts(desk, gateway);
    });

  live.on<Reload>("reload", (reload) => {
    replace(status, statusOf(desk, reload));
    if (leave.length && reload.generation !== generation) load();
  });
  const seen = { open: null as number | null, sample: null as Sample | null };
  const draw = (): void => replace(numbers, numbersOf(seen.open, seen.sample));
  live.on<Streams>("streams", (streams) => {
    seen.open = streams.open.length + streams.more;
    draw();
  });
  live.on<{ samples: Sample[] }>("samples", ({ samples }) => {
    seen.sample = samples.at(-1) ?? null;
    draw();
  });
  live.on<Sample>("metrics", (sample) => {
    seen.sample = sample;
    draw();
  });
  replace(status, statusOf(desk, about.reload));
  draw();

  return {
    element: h(
      "div",
      { class: "stack" },
      heading(t("title"), about.engine === "envoy" && t("envoy")),
      h("div", { class: "columns" }, card(t("status"), status), card(t("now"), numbers)),
      details,
    ),
    show: () => {
      leave = [live.want("metrics"), live.want("streams")];
      load();
    },
    hide: () => {
      for (const each of leave) each();
      leave = [];
    },
  };
}

function statusOf({ about }: Desk, reload: Reload): Child {
  return [
    reload.error
      ? h(
          "div",
          { class: "notice bad", role: "status" },
          h("p", {}, t("refused", { n: reload.generation })),
          h("pre", { class: "wrapped" }, foreign(reload.error)),
        )
      : h("p", {}, h("span", { class: "chip good" }, t("serving", { n: reload.generation }))),
    facts(
      [t("since"), moment(reload.since)],
      [t("listen"), given(about.listen)],
      [t("file"), foreign(about.file, { class: "mono" })],
      [
        t("engine"),
        [
          about.engine === "envoy" ? "Envoy" : "proxywasm serve",
          " ",
          about.version,
          about.engine === "serve" && [" · ", about.native ? t("native") : t("yes")],
        ],
      ],
      [t("workers"), count(about.workers)],
      [t("started"), moment(about.started)],
      [t("reloads"), count(reload.refused)],
    ),
  ];
}

function numbersOf(open: number | null, sample: Sample | null): Child {
  const one = (name: Child, value: string) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h(
    "dl",
    { class: "figures" },
    one(t("open"), count(open ?? sample?.streams ?? null)),
    one(t("requests"), count(sample?.requests ?? null)),
    one(t("failed"), count(sample?.failed ?? null)),
    one(t("tokens"), `${shortly(sample?.input_tokens)} / ${shortly(sample?.output_tokens)}`),
    one(t("memory"), bytes(sample?.memory_bytes ?? null)),
  );
}

function shortly(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : short(value);
}

function parts(desk: Desk, gateway: Gateway): Child {
  const upstreams = Object.entries(gateway.upstreams);
  return [
    card(t("routes"), table([t("name"), t("match"), t("upstream")], gateway.routes.map(routeRow))),
    card(
      t("plugins"),
      gateway.plugins.length
        ? h(
            "ol",
            { class: "plugins" },
            gateway.plugins.map((each) => pluginItem(desk, each)),
          )
        : t("none"),
    ),
    upstreams.length > 0 &&
      card(
        t("upstreams"),
        table(
          [t("name"), t("url")],
          upstreams.map(([name, each]) => [foreign(name), foreign(each.url, { class: "mono" })]),
        ),
      ),
    h(
      "details",
      { class: "card panel" },
      h("summary", {}, h("h2", {}, t("effective"))),
      h("p", { class: "muted small" }, t("effectiveLead")),
      h("pre", { class: "code", tabindex: "0" }, foreign(stringify(gateway.effective))),
    ),
  ];
}

function table(head: (() => string)[], rows: Child[][]): HTMLElement {
  return h(
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
  );
}

function routeRow(route: Route): Child[] {
  const { path_prefix: prefix, path, host } = route.match ?? { path_prefix: null, path: null, host: null };
  const where = path ?? (prefix && prefix !== "/" ? `${prefix}…` : "");
  const match = [host, where].filter(Boolean).join(" ");
  return [
    foreign(route.name),
    match ? foreign(match, { class: "mono" }) : h("span", { class: "muted" }, t("everything")),
    route.upstream ? foreign(route.upstream) : h("span", { class: "muted" }, t("byPlugin")),
  ];
}

function pluginItem(desk: Desk, plugin: RunningPlugin): HTMLElement {
  return h(
    "li",
    {},
    h(
      "div",
      { class: "row" },
      h("strong", {}, foreign(plugin.name)),
      h(
        "span",
        { class: plugin.on_failure === "open" ? "chip warn" : "chip" },
        t("failure"),
        ": ",
        t(plugin.on_failure === "open" ? "opened" : "closed"),
      ),
      h("span", { class: "grow" }),
      desk.about.features.includes("edit") &&
        h(
          "a",
          {
            class: "button small",
            href: `#configuration/${plugin.index}`,
            "aria-label": () => `${t.now("edit")}: ${plugin.name}`,
          },
          t("edit"),
        ),
    ),
    h("p", { class: "muted small mono" }, foreign(plugin.source ?? plugin.module ?? "")),
    h(
      "details",
      {},
      h("summary", { class: "small" }, t("settings")),
      h("pre", { class: "code", tabindex: "0" }, foreign(stringify(plugin.config))),
    ),
  );
}
