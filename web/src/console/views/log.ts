// The log as it grows: by level and by text, with tracebacks folded.

import { foreign, h, replace } from "../../common/dom.ts";
import { texts } from "../../common/i18n.ts";
import type { LogLine } from "../api.ts";
import type { Desk, View } from "../view.ts";
import { clock } from "./format.ts";
import { empty, heading } from "./parts.ts";

const t = texts(
  {
    title: "Log",
    lead: "The last {n} lines of gateway and plugins, and the changes made here.",
    level: "Level",
    from: "{level} and above",
    find: "Find in lines",
    source: "Source",
    all: "all sources",
    follow: "Follow",
    clear: "Clear",
    none: "No line yet.",
    noneFound: "No line is like that.",
    lost: "{n} lines were lost: they came faster than this page read them.",
    traceback: "Traceback",
    lines: "Log lines",
  },
  {
    title: "日志",
    lead: "网关和插件最近的 {n} 行日志，以及在此所做的更改。",
    level: "级别",
    from: "{level} 及以上",
    find: "在日志中查找",
    source: "来源",
    all: "全部来源",
    follow: "跟随",
    clear: "清空",
    none: "还没有日志。",
    noneFound: "没有符合条件的日志。",
    lost: "丢失了 {n} 行：日志产生的速度超过了读取速度。",
    traceback: "调用栈",
    lines: "日志行",
  },
);

const MOST = 1000;
const LEVELS = ["trace", "debug", "info", "warning", "error", "critical"];

export function log(desk: Desk): View {
  const lines = h("ol", {});
  const list = h(
    "div",
    { class: "log", role: "log", "aria-live": "off", "aria-label": t("lines"), tabindex: "0" },
    lines,
  );
  const note = h("div", { role: "status" });
  const level = h(
    "select",
    { "aria-label": t("level") },
    LEVELS.map((each) => h("option", { value: each }, t("from", { level: each }))),
  );
  const search = h("input", { type: "search", placeholder: t("find"), "aria-label": t("find") });
  const source = h("select", { "aria-label": t("source") }, h("option", { value: "" }, t("all")));
  const follow = h("input", { type: "checkbox", checked: true });
  const sources = new Set<string>();
  const shown: [LogLine, HTMLElement][] = [];
  const known = new Set<string>();
  let lost = 0;
  let leave = (): void => undefined;

  const matches = (line: LogLine): boolean => {
    const wanted = search.value.trim().toLowerCase();
    const isKnown = LEVELS.includes(line.level);
    return (
      (!isKnown || LEVELS.indexOf(line.level) >= level.selectedIndex) &&
      (!source.value || line.source === source.value) &&
      (!wanted || `${line.source}\n${line.message}\n${line.traceback ?? ""}`.toLowerCase().includes(wanted))
    );
  };
  const filter = (): void => {
    let any = false;
    for (const [line, element] of shown) {
      element.hidden = !matches(line);
      any ||= !element.hidden;
    }
    list.hidden = !any;
    replace(
      note,
      lost > 0 && h("p", { class: "notice warn" }, t("lost", { n: lost })),
      !any && empty(shown.length ? t("noneFound") : t("none")),
    );
    if (follow.checked) list.scrollTop = list.scrollHeight;
  };
  desk.live.on<{ lines: LogLine[]; lost: number }>("log", (frame) => {
    lost += frame.lost;
    for (const line of frame.lines) {
      if (known.has(line.id)) continue;
      known.add(line.id);
      if (!sources.has(line.source)) {
        sources.add(line.source);
        source.append(h("option", { value: line.source }, line.source));
      }
      const element = lineItem(line);
      shown.push([line, element]);
      lines.append(element);
    }
    for (const [line, element] of shown.splice(0, Math.max(0, shown.length - MOST))) {
      element.remove();
      known.delete(line.id);
    }
    filter();
  });
  for (const each of [level, source]) each.addEventListener("change", filter);
  search.addEventListener("input", filter);
  follow.addEventListener("change", filter);
  // Who scrolls up reads: what comes does not move it.
  list.addEventListener("scroll", () => {
    follow.checked = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
  });
  filter();

  const clear = h("button", { class: "button", type: "button" }, t("clear"));
  clear.addEventListener("click", () => {
    shown.length = 0;
    lost = 0;
    lines.replaceChildren();
    filter();
  });
  return {
    element: h(
      "div",
      { class: "stack fill" },
      heading(t("title"), t("lead", { n: MOST }), h("label", { class: "row" }, follow, t("follow")), clear),
      h("div", { class: "filters" }, search, level, source),
      note,
      list,
    ),
    show: () => {
      leave = desk.live.want("log");
      filter();
    },
    hide: () => leave(),
  };
}

function lineItem(line: LogLine): HTMLElement {
  const { level, source, message, traceback } = line;
  return h(
    "li",
    { class: `log-line log-${LEVELS.includes(level) ? level : "other"}` },
    h("time", { datetime: line.time }, clock(line.time)),
    h("span", { class: "log-level" }, foreign(level)),
    h("span", { class: "log-source" }, foreign(source), line.worker !== null && `/${line.worker}`),
    h(
      "div",
      { class: "log-text" },
      foreign(message),
      traceback !== null &&
        h(
          "details",
          {},
          h("summary", {}, t("traceback"), " · ", foreign(lastLine(traceback))),
          h("pre", { class: "code", tabindex: "0" }, foreign(traceback)),
        ),
    ),
  );
}

function lastLine(traceback: string): string {
  return traceback.trimEnd().split("\n").at(-1)?.slice(0, 200) ?? "";
}
