// Metrics over time, and all of them as they are now.

import { foreign, h, replace } from "../../common/dom.ts";
import { throttled } from "../../common/frames.ts";
import { texts } from "../../common/i18n.ts";
import type { Metric, Sample } from "../api.ts";
import { Chart, type Line } from "../charts/chart.ts";
import { gauges, quantiles, rates } from "../charts/series.ts";
import type { Desk, View } from "../view.ts";
import { bytes, milliseconds, short } from "./format.ts";
import { empty, heading, loaded, segments } from "./parts.ts";

const t = texts(
  {
    title: "Metrics",
    lead: "Measured each second while somebody looks, otherwise every ten seconds.",
    range: "Time",
    one: "1 min",
    five: "5 min",
    all: "all",
    requests: "Requests per second",
    complete: "all",
    failed: "broken off",
    left: "client left",
    firstByte: "First byte",
    half: "half of the streams",
    most: "95 of 100 streams",
    tokens: "Tokens per second",
    input: "input",
    output: "output",
    open: "Open now",
    streams: "streams",
    connections: "connections",
    traffic: "Bytes per second",
    received: "received",
    sent: "sent",
    memory: "Memory",
    resident: "resident",
    every: "All metrics",
    everyLead: "As /metrics has them, in Prometheus' names.",
    find: "Find by name or label",
    name: "Name",
    labels: "Labels",
    value: "Value",
    none: "There is none.",
    more: "{n} further ones are not listed.",
    histogram: "{n} values, {mean} on average",
  },
  {
    title: "指标",
    lead: "有人查看时每秒测量一次，否则每十秒一次。",
    range: "时间范围",
    one: "1 分钟",
    five: "5 分钟",
    all: "全部",
    requests: "每秒请求",
    complete: "全部",
    failed: "中断",
    left: "客户端断开",
    firstByte: "首字节时间",
    half: "50% 的流",
    most: "95% 的流",
    tokens: "每秒 token",
    input: "输入",
    output: "输出",
    open: "当前打开",
    streams: "流",
    connections: "连接",
    traffic: "每秒字节",
    received: "接收",
    sent: "发送",
    memory: "内存",
    resident: "常驻内存",
    every: "全部指标",
    everyLead: "与 /metrics 相同，使用 Prometheus 的名称。",
    find: "按名称或标签查找",
    name: "名称",
    labels: "标签",
    value: "值",
    none: "没有。",
    more: "另有 {n} 个未列出。",
    histogram: "{n} 个值，平均 {mean}",
  },
);

const MOST = 600;

export function metrics(desk: Desk): View {
  let samples: Sample[] = [];
  let minutes = Infinity;
  let leave = (): void => undefined;
  let seen = false;
  const charts = [
    new Chart(t("requests"), short),
    new Chart(t("firstByte"), (seconds) => milliseconds(seconds * 1000)),
    new Chart(t("tokens"), short),
    new Chart(t("open"), short),
    new Chart(t("traffic"), bytes),
    new Chart(t("memory"), bytes),
  ];
  const draw = throttled(() => {
    if (!seen) return;
    const last = Date.parse(samples.at(-1)?.time ?? "");
    const wanted = samples.filter((each) => last - Date.parse(each.time) <= minutes * 60_000);
    linesOf(wanted).forEach((lines, index) => charts[index]?.show(lines));
  });
  desk.live.on<{ samples: Sample[] }>("samples", (frame) => {
    samples = frame.samples;
    draw();
  });
  desk.live.on<Sample>("metrics", (sample) => {
    samples = [...samples.slice(1 - MOST), sample];
    draw();
  });
  const every = h("div", {});
  const details = h(
    "details",
    { class: "card panel" },
    h("summary", {}, h("h2", {}, t("every"))),
    h("p", { class: "muted small" }, t("everyLead")),
    every,
  );
  details.addEventListener("toggle", () => {
    if (details.open) void loaded(every, async () => allMetrics(await desk.api.metrics()));
  });
  const range = segments(
    t("range"),
    [
      ["one", t("one")],
      ["five", t("five")],
      ["all", t("all")],
    ],
    "all",
    (name) => {
      minutes = name === "one" ? 1 : name === "five" ? 5 : Infinity;
      draw();
    },
  );
  return {
    element: h(
      "div",
      { class: "stack" },
      heading(t("title"), t("lead"), range),
      h(
        "div",
        { class: "charts" },
        charts.map((each) => each.element),
      ),
      details,
    ),
    show: () => {
      seen = true;
      leave = desk.live.want("metrics");
      draw();
    },
    hide: () => {
      seen = false;
      leave();
    },
  };
}

function linesOf(samples: readonly Sample[]): Line[][] {
  const span = samples.length > 1 ? Date.parse(samples.at(-1)?.time ?? "") - Date.parse(samples[0]?.time ?? "") : 0;
  // At most some hundred points of a rate: a second of the last minutes, more of longer times.
  const step = Math.max(900, span / 150);
  const rate = (name: Parameters<typeof rates>[1]) => rates(samples, name, step);
  return [
    [
      { name: t("complete"), points: rate("requests") },
      { name: t("failed"), points: rate("failed") },
      { name: t("left"), points: rate("client_closed") },
    ],
    [
      { name: t("half"), points: quantiles(samples, 0.5, Math.max(step, 5000)) },
      { name: t("most"), points: quantiles(samples, 0.95, Math.max(step, 5000)) },
    ],
    [
      { name: t("input"), points: rate("input_tokens") },
      { name: t("output"), points: rate("output_tokens") },
    ],
    [
      { name: t("streams"), points: gauges(samples, "streams") },
      { name: t("connections"), points: gauges(samples, "connections") },
    ],
    [
      { name: t("received"), points: rate("received_bytes") },
      { name: t("sent"), points: rate("sent_bytes") },
    ],
    [{ name: t("resident"), points: gauges(samples, "memory_bytes") }],
  ];
}

function allMetrics({ metrics: found, more }: { metrics: Metric[]; more: number }): HTMLElement {
  const search = h("input", { type: "search", placeholder: t("find"), "aria-label": t("find") });
  const body = h("tbody", {});
  const rows = found.map((metric) => {
    const labels = Object.entries(metric.labels)
      .map(([name, value]) => `${name}="${value}"`)
      .join(" ");
    const element = h(
      "tr",
      {},
      h("td", { "data-label": t("name") }, foreign(metric.name, { class: "mono" })),
      h("td", { "data-label": t("labels") }, foreign(labels, { class: "mono" })),
      h("td", { "data-label": t("value"), class: "number" }, valueOf(metric)),
    );
    return { element, text: `${metric.name} ${labels}`.toLowerCase() };
  });
  body.append(...rows.map((each) => each.element));
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const { element, text } of rows) element.hidden = !text.includes(wanted);
  });
  const box = h("div", { class: "stack" });
  replace(
    box,
    rows.length === 0
      ? empty(t("none"))
      : [
          search,
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
                  h("th", { scope: "col" }, t("name")),
                  h("th", { scope: "col" }, t("labels")),
                  h("th", { scope: "col" }, t("value")),
                ),
              ),
              body,
            ),
          ),
        ],
    more > 0 && h("p", { class: "muted small" }, t("more", { n: more })),
  );
  return box;
}

function valueOf(metric: Metric): string {
  if (metric.kind !== "histogram") return short(metric.value ?? 0);
  const { count = 0, sum = 0 } = metric;
  return t.now("histogram", { n: count, mean: count ? short(sum / count) : "–" });
}
