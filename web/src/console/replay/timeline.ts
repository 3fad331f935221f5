// When each part of an exchange came: as a drawing, and as rows with what came and what the client got for it.

import { foreign, h, type Child } from "../../common/dom.ts";
import { number, texts } from "../../common/i18n.ts";
import type { Chunk, Side, TimelineRow } from "../api.ts";
import { bytes } from "../views/format.ts";

const t = texts(
  {
    at: "At",
    what: "What",
    service: "Service side",
    client: "Client side",
    clientRecorded: "Client side, recorded",
    clientReplayed: "Client side, replayed",
    requestHeaders: "request headers",
    requestBody: "request body",
    responseHeaders: "response headers",
    responseBody: "response body",
    nothing: "nothing",
    cut: "cut",
    binary: "{n} of base64",
    differs: "differs",
    more: "Show all {n} rows",
    drawing: "{n} chunks of the response in {time} ms, the first after {first} ms",
    noTimes: "This recording has no times.",
  },
  {
    at: "时间",
    what: "内容",
    service: "服务侧",
    client: "客户端侧",
    clientRecorded: "客户端侧（录制）",
    clientReplayed: "客户端侧（回放）",
    requestHeaders: "请求头",
    requestBody: "请求体",
    responseHeaders: "响应头",
    responseBody: "响应体",
    nothing: "无",
    cut: "已截断",
    binary: "{n} 的 base64",
    differs: "不同",
    more: "显示全部 {n} 行",
    drawing: "响应共 {n} 个数据块，用时 {time} 毫秒，首个在 {first} 毫秒后",
    noTimes: "此录制没有时间信息。",
  },
);

const WHAT: Record<string, () => string> = {
  "request headers": t("requestHeaders"),
  "request body": t("requestBody"),
  "response headers": t("responseHeaders"),
  "response body": t("responseBody"),
};

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const AT_FIRST = 60;

/** A line of time with a stroke for each part: requests above it, responses below, taller with more bytes. */
export function drawing(rows: readonly TimelineRow[], last: number): HTMLElement {
  const timed = rows.filter((each) => each.at_ms !== null);
  if (timed.length === 0) return h("p", { class: "muted small" }, t("noTimes"));
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} 56`, "aria-hidden": "true", preserveAspectRatio: "none" });
  svg.append(element("line", { class: "time-axis", x1: 0, x2: WIDTH, y1: 22, y2: 22 }));
  for (const row of timed) {
    const x = 2 + ((row.at_ms as number) / Math.max(last, 1)) * (WIDTH - 4);
    const height = 4 + Math.min(26, Math.log2(1 + row.bytes) * 2.2);
    const response = row.what.startsWith("response");
    const [y1, y2] = response ? [22, 22 + height] : [22 - Math.min(height, 20), 22];
    svg.append(element("line", { class: response ? "time-response" : "time-request", x1: x, x2: x, y1, y2 }));
  }
  const chunks = timed.filter((each) => each.what === "response body");
  const words = t("drawing", {
    n: chunks.length,
    time: number(timed.at(-1)?.at_ms ?? 0, 1),
    first: number(chunks[0]?.at_ms ?? 0, 1),
  });
  return h(
    "figure",
    { class: "timeline" },
    svg as unknown as HTMLElement,
    h("figcaption", { class: "muted small" }, words),
  );
}

export function lastOf(...sides: Side[]): number {
  return sides
    .flatMap((side) => side.timeline.map((row) => row.at_ms ?? 0))
    .reduce((one, other) => Math.max(one, other), 0);
}

/** Rows of one side, or of both: what the client got then stands next to each other. */
export function timelineTable(recorded: Side, replayed: Side | null): HTMLElement {
  const rows = Array.from({ length: Math.max(recorded.timeline.length, replayed?.timeline.length ?? 0) }, (_, index) =>
    pairRow(recorded.timeline[index], replayed ? replayed.timeline[index] : undefined, replayed !== null),
  );
  const head = [
    t("at"),
    t("what"),
    t("service"),
    ...(replayed ? [t("clientRecorded"), t("clientReplayed")] : [t("client")]),
  ];
  const body = h("tbody", {}, rows.slice(0, AT_FIRST));
  const more = h("button", { class: "button small", type: "button" }, t("more", { n: rows.length }));
  more.addEventListener("click", () => {
    body.append(...rows.slice(AT_FIRST));
    more.remove();
  });
  return h(
    "div",
    { class: "stack" },
    h(
      "div",
      { class: "table-box" },
      h(
        "table",
        { class: "data chunks" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            head.map((each) => h("th", { scope: "col" }, each)),
          ),
        ),
        body,
      ),
    ),
    rows.length > AT_FIRST && more,
  );
}

function pairRow(one: TimelineRow | undefined, other: TimelineRow | undefined, both: boolean): HTMLElement {
  const row = (one ?? other) as TimelineRow;
  const differs = both && JSON.stringify(one?.client ?? null) !== JSON.stringify(other?.client ?? null);
  const known = WHAT[row.what];
  return h(
    "tr",
    { class: differs ? "is-different" : undefined },
    h("td", { class: "number", "data-label": t("at") }, row.at_ms === null ? "–" : `${number(row.at_ms, 1)} ms`),
    h(
      "td",
      { "data-label": t("what"), class: "tight" },
      known ?? foreign(row.what),
      row.bytes > 0 && h("span", { class: "muted small" }, ` ${bytes(row.bytes)}`),
    ),
    h("td", { "data-label": t("service") }, chunk(row.upstream)),
    both
      ? [
          h("td", { "data-label": t("clientRecorded") }, chunk(one?.client ?? null)),
          h(
            "td",
            { "data-label": t("clientReplayed") },
            differs && h("span", { class: "chip warn" }, t("differs")),
            chunk(other?.client ?? null),
          ),
        ]
      : h("td", { "data-label": t("client") }, chunk(row.client)),
  );
}

export function chunk(piece: Chunk | null): Child {
  if (!piece) return h("span", { class: "muted" }, "–");
  const text = piece.text ?? piece.base64 ?? "";
  if (text === "") return h("span", { class: "muted small" }, t("nothing"));
  return [
    piece.base64 !== undefined && h("span", { class: "chip" }, t("binary", { n: bytes(text.length) })),
    h("pre", { class: "wrapped chunk" }, foreign(text.trimEnd())),
    piece.cut && h("span", { class: "chip warn" }, t("cut")),
  ];
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
