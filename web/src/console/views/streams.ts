// Streams under way and those that have ended, as they come and go.

import { foreign, h, replace, type Child } from "../../common/dom.ts";
import { throttled } from "../../common/frames.ts";
import { number, texts } from "../../common/i18n.ts";
import { icon } from "../../common/icons.ts";
import type { Stream, Streams } from "../api.ts";
import type { Desk, View } from "../view.ts";
import { bytes, clock, count, milliseconds } from "./format.ts";
import { empty, facts, given, heading } from "./parts.ts";
import { recorderBar } from "./recorder.ts";

const t = texts(
  {
    title: "Streams",
    lead: "Those under way first, then the last {n} that ended.",
    find: "Find by model, provider, route or client",
    hold: "Hold the table",
    resume: "Follow again",
    held: "The table is held; streams go on.",
    caption: "Streams",
    state: "State",
    began: "Began",
    model: "Model asked → used",
    provider: "Provider",
    tokens: "Tokens in / out",
    first: "First token",
    time: "Time",
    more: "Details",
    none: "No stream yet. Send a request to {url}.",
    noneFound: "No stream contains this.",
    moreOpen: "{n} further streams are under way and not listed.",
    request: "request",
    waiting: "waiting",
    streaming: "streaming",
    tunnel: "tunnel",
    complete: "complete",
    client: "client left",
    broken: "broken off",
    route: "Route",
    path: "Request",
    upstream: "Upstream",
    from: "Client",
    status: "Status",
    firstByte: "First byte",
    sizes: "Bytes in / out",
    chunks: "Chunks",
    attempts: "Requests sent",
    cached: "Tokens from a cache",
    reasoning: "Tokens of reasoning",
    generation: "Configuration",
    worker: "Worker",
    end: "End",
    rate: "Output tokens per second",
    recorded: "recorded",
  },
  {
    title: "流",
    lead: "进行中的流在前，其后是最近结束的 {n} 个。",
    find: "按模型、提供商、路由或客户端查找",
    hold: "暂停刷新",
    resume: "继续刷新",
    held: "表格已暂停刷新；流仍在继续。",
    caption: "流",
    state: "状态",
    began: "开始",
    model: "请求模型 → 实际模型",
    provider: "提供商",
    tokens: "输入 / 输出 token",
    first: "首个 token",
    time: "用时",
    more: "详情",
    none: "还没有流。请向 {url} 发送请求。",
    noneFound: "没有包含该内容的流。",
    moreOpen: "另有 {n} 个进行中的流未列出。",
    request: "接收请求",
    waiting: "等待响应",
    streaming: "传输中",
    tunnel: "隧道",
    complete: "完成",
    client: "客户端断开",
    broken: "中断",
    route: "路由",
    path: "请求",
    upstream: "上游",
    from: "客户端",
    status: "状态码",
    firstByte: "首字节",
    sizes: "接收 / 发送字节",
    chunks: "数据块",
    attempts: "已发送请求数",
    cached: "来自缓存的 token",
    reasoning: "推理 token",
    generation: "配置",
    worker: "工作进程",
    end: "结束原因",
    rate: "每秒输出 token",
    recorded: "已录制",
  },
);

const MOST_ENDED = 200;
const WIDE = new Set<string>(["model", "provider"]);
const COLUMNS = ["state", "began", "model", "provider", "tokens", "first", "time"] as const;

export function streams(desk: Desk): View {
  const body = h("tbody", {});
  const note = h("div", { role: "status" });
  const search = h("input", { type: "search", placeholder: t("find"), "aria-label": t("find") });
  const rows = new Map<string, StreamRow>();
  let open: Stream[] = [];
  let ended: Stream[] = [];
  let more = 0;
  let held = false;
  let known = false;
  let leave = (): void => undefined;

  const draw = throttled(() => {
    const wanted = search.value.trim().toLowerCase();
    const all = [...[...open].reverse(), ...ended].filter((each) => !wanted || searched(each).includes(wanted));
    const elements: HTMLElement[] = [];
    const current = new Set(all.map((each) => each.id));
    for (const id of rows.keys()) if (!current.has(id)) rows.delete(id);
    for (const each of all) {
      const row = rows.get(each.id) ?? new StreamRow();
      rows.set(each.id, row);
      row.show(each);
      elements.push(...row.elements);
    }
    arrange(body, elements);
    box.hidden = all.length === 0;
    replace(
      note,
      held && h("p", { class: "notice warn" }, t("held")),
      all.length === 0 && known && empty(wanted ? t("noneFound") : t("none", { url: desk.about.listen })),
      more > 0 && h("p", { class: "muted small" }, t("moreOpen", { n: more })),
    );
  });
  const box = h(
    "div",
    { class: "table-box" },
    h(
      "table",
      { class: "data streams" },
      h("caption", { class: "visually-hidden" }, t("caption")),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          COLUMNS.map((each) => h("th", { scope: "col" }, t(each))),
          h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, t("more"))),
        ),
      ),
      body,
    ),
  );

  const pending = { open: [] as Stream[], ended: [] as Stream[], more: 0 };
  const take = (): void => {
    if (held) return;
    open = pending.open;
    ended = pending.ended;
    more = pending.more;
    draw();
  };
  let first = true;
  desk.live.on<Streams>("streams", (frame) => {
    const before = first ? [] : pending.ended;
    const fresh = new Set(frame.ended.map((each) => each.id));
    pending.ended = [...frame.ended, ...before.filter((each) => !fresh.has(each.id))].slice(0, MOST_ENDED);
    pending.open = frame.open;
    pending.more = frame.more;
    first = false;
    known = true;
    take();
  });
  search.addEventListener("input", draw);

  const hold = h("button", { class: "button", type: "button", "aria-pressed": "false" }, t("hold"));
  hold.addEventListener("click", () => {
    held = !held;
    hold.setAttribute("aria-pressed", String(held));
    replace(hold, t(held ? "resume" : "hold"));
    draw();
    take();
  });
  const recorder = desk.about.features.includes("record") ? recorderBar(desk) : null;
  return {
    element: h(
      "div",
      { class: "stack" },
      heading(t("title"), t("lead", { n: MOST_ENDED }), hold),
      recorder?.element,
      search,
      note,
      box,
    ),
    show: () => {
      first = true;
      leave = desk.live.want("streams");
      recorder?.refresh();
      draw();
    },
    hide: () => leave(),
  };
}

/** Puts rows into this order without touching those that are in place: focus and selection stay. */
function arrange(body: HTMLElement, elements: HTMLElement[]): void {
  const wanted = new Set<Element>(elements);
  for (const each of [...body.children]) if (!wanted.has(each)) each.remove();
  elements.forEach((each, index) => {
    if (body.children[index] !== each) body.insertBefore(each, body.children[index] ?? null);
  });
}

class StreamRow {
  private readonly row = h("tr", {});
  private readonly details = h("tr", { class: "stream-details", hidden: true });
  private readonly button = h(
    "button",
    { class: "button quiet small icon", type: "button", "aria-expanded": "false" },
    icon("chevron"),
  );
  private shown = "";
  private stream: Stream | null = null;
  private readonly cells: HTMLTableCellElement[];

  constructor() {
    this.cells = COLUMNS.map((each) => h("td", { "data-label": t(each), class: WIDE.has(each) ? undefined : "tight" }));
    this.button.setAttribute("aria-label", t.now("more"));
    this.row.append(...this.cells, h("td", { class: "stream-more" }, this.button));
    this.button.addEventListener("click", () => {
      const open = this.details.hidden;
      this.details.hidden = !open;
      this.button.setAttribute("aria-expanded", String(open));
      this.fill();
    });
  }

  get elements(): HTMLElement[] {
    return [this.row, this.details];
  }

  show(stream: Stream): void {
    const text = JSON.stringify(stream);
    if (text === this.shown) return;
    this.shown = text;
    this.stream = stream;
    cellsOf(stream).forEach((content, index) => {
      const cell = this.cells[index] as HTMLElement;
      const made = h("div", {}, content);
      if (cell.firstElementChild?.textContent !== made.textContent) cell.replaceChildren(made);
    });
    this.row.classList.toggle("is-open", stream.ended === null);
    this.fill();
  }

  private fill(): void {
    if (this.details.hidden || !this.stream) return;
    replace(this.details, h("td", { colspan: COLUMNS.length + 1 }, detailsOf(this.stream)));
  }
}

function cellsOf(stream: Stream): Child[] {
  const asked = given(stream.requested_model);
  const used = stream.model && stream.model !== stream.requested_model ? [" → ", foreign(stream.model)] : null;
  return [
    [stateChip(stream), stream.recorded && [" ", h("span", { class: "chip" }, t("recorded"))]],
    clock(stream.began),
    [asked, used],
    given(stream.provider ?? stream.upstream),
    stream.input_token === null && stream.output_token === null
      ? "–"
      : `${count(stream.input_token)} / ${count(stream.output_token)}`,
    milliseconds(stream.first_token_ms ?? stream.first_byte_ms),
    milliseconds(stream.age_ms),
  ];
}

function stateChip(stream: Stream): HTMLElement {
  if (stream.ended === null) {
    const known =
      stream.state === "request" ||
      stream.state === "waiting" ||
      stream.state === "streaming" ||
      stream.state === "tunnel";
    return h("span", { class: "chip live" }, known ? t(stream.state as "request") : foreign(stream.state));
  }
  const status = stream.status > 0 ? ` ${stream.status}` : "";
  if (stream.ended === "complete") {
    const kind = stream.status >= 500 ? "chip bad" : stream.status >= 400 ? "chip warn" : "chip good";
    return h("span", { class: kind }, t("complete"), status);
  }
  return stream.ended.startsWith("broken")
    ? h("span", { class: "chip bad" }, t("broken"), status)
    : h("span", { class: "chip warn" }, t("client"), status);
}

function detailsOf(stream: Stream): HTMLElement {
  const seconds = (stream.age_ms - (stream.first_token_ms ?? stream.age_ms)) / 1000;
  const rate = stream.output_token && seconds > 0 ? number(stream.output_token / seconds, 1) : "–";
  return facts(
    [t("route"), given(stream.route)],
    [t("path"), foreign(`${stream.method} ${stream.path}`, { class: "mono" })],
    [t("upstream"), given(stream.upstream)],
    [t("from"), given(stream.client)],
    [t("status"), stream.status ? String(stream.status) : "–"],
    [t("end"), given(stream.ended)],
    [t("firstByte"), milliseconds(stream.first_byte_ms)],
    [t("rate"), rate],
    [t("sizes"), `${bytes(stream.request_bytes)} / ${bytes(stream.response_bytes)}`],
    [t("chunks"), count(stream.events)],
    [t("attempts"), count(stream.attempts)],
    [t("cached"), count(stream.cached_tokens)],
    [t("reasoning"), count(stream.reasoning_tokens)],
    [t("generation"), count(stream.generation)],
    [t("worker"), count(stream.worker)],
  );
}

function searched(stream: Stream): string {
  const { requested_model: asked, model, provider, upstream, route, client, path, state, ended } = stream;
  return [asked, model, provider, upstream, route, client, path, state, ended].join("\n").toLowerCase();
}
