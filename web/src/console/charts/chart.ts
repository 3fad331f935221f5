// A chart of lines over time, with the same in words and as a table.

import { h, replace } from "../../common/dom.ts";
import { language, texts, type LiveText } from "../../common/i18n.ts";
import { summary, ticks, type Point } from "./series.ts";

const t = texts(
  {
    empty: "Nothing has been measured yet.",
    words: "{name}: now {now}, at most {highest}, {mean} on average",
    table: "As a table",
    time: "Time",
  },
  {
    empty: "还没有测量值。",
    words: "{name}：当前 {now}，最高 {highest}，平均 {mean}",
    table: "以表格显示",
    time: "时间",
  },
);

export interface Line {
  name: LiveText;
  points: Point[];
}

const WIDTH = 480;
const HEIGHT = 140;
const LEFT = 44;
const BOTTOM = 18;
const TOP = 6;
const NS = "http://www.w3.org/2000/svg";

export class Chart {
  readonly element: HTMLElement;
  private readonly plot = h("div", { class: "chart-plot" });
  private readonly words = h("figcaption", { class: "chart-words" });
  private readonly table = h("table", { class: "data" });
  private readonly details = h(
    "details",
    {},
    h("summary", { class: "small" }, t("table")),
    h("div", { class: "table-box chart-table", tabindex: "0" }, this.table),
  );
  private lines: Line[] = [];
  private readonly write: (value: number) => string;

  constructor(title: LiveText, write: (value: number) => string) {
    this.write = write;
    this.element = h(
      "section",
      { class: "card panel chart" },
      h("h2", {}, title),
      h("figure", {}, this.plot, this.words),
      this.details,
    );
    this.details.addEventListener("toggle", () => this.fill());
  }

  show(lines: Line[]): void {
    this.lines = lines;
    const known = lines.flatMap((line) => line.points.filter((each) => each.value !== null));
    if (known.length === 0) {
      replace(this.plot, h("p", { class: "muted empty" }, t("empty")));
      this.words.replaceChildren();
    } else {
      replace(this.plot, this.drawn(known) as unknown as HTMLElement);
      replace(
        this.words,
        lines.map((line, index) => this.inWords(line, index)),
      );
    }
    this.fill();
  }

  private inWords(line: Line, index: number): HTMLElement | null {
    const found = summary(line.points);
    if (!found) return null;
    const { now, highest, mean } = found;
    return h(
      "span",
      { class: "chart-key" },
      h("span", { class: `swatch line-${index}`, "aria-hidden": "true" }),
      t("words", { name: line.name(), now: this.write(now), highest: this.write(highest), mean: this.write(mean) }),
    );
  }

  private drawn(known: Point[]): SVGSVGElement {
    const axis = ticks(known.reduce((most, each) => Math.max(most, each.value ?? 0), 0));
    const top = axis.at(-1) as number;
    const times = this.lines.flatMap((line) => line.points.map((each) => each.time));
    const from = times.reduce((one, other) => Math.min(one, other));
    const to = Math.max(
      from + 1000,
      times.reduce((one, other) => Math.max(one, other)),
    );
    const x = (time: number): number => LEFT + ((time - from) / (to - from)) * (WIDTH - LEFT - 4);
    const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
    for (const value of axis) {
      drawing.append(
        svg("line", { class: "chart-grid", x1: LEFT, x2: WIDTH - 4, y1: y(value), y2: y(value) }),
        label(this.write(value), LEFT - 6, y(value) + 3.5, "end"),
      );
    }
    drawing.append(label(clock(from), LEFT, HEIGHT - 4, "start"), label(clock(to), WIDTH - 4, HEIGHT - 4, "end"));
    this.lines.forEach((line, index) =>
      drawing.append(svg("path", { class: `chart-line line-${index}`, d: pathOf(line.points, x, y) })),
    );
    return drawing as SVGSVGElement;
  }

  private fill(): void {
    if (!this.details.open) return;
    const times = [...new Set(this.lines.flatMap((line) => line.points.map((each) => each.time)))]
      .sort((a, b) => b - a)
      .slice(0, 60);
    const values = this.lines.map((line) => new Map(line.points.map((each) => [each.time, each.value])));
    const cell = (value: number | null | undefined): string =>
      value === null || value === undefined ? "–" : this.write(value);
    replace(
      this.table,
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, t("time")),
          this.lines.map((line) => h("th", { scope: "col" }, line.name)),
        ),
      ),
      h(
        "tbody",
        {},
        times.map((time) =>
          h(
            "tr",
            {},
            h("td", {}, clock(time)),
            values.map((each) => h("td", {}, cell(each.get(time)))),
          ),
        ),
      ),
    );
  }
}

/** One line for each part without gaps; a part of one point is drawn as a short stroke. */
function pathOf(points: Point[], x: (time: number) => number, y: (value: number) => number): string {
  let path = "";
  let drawing = false;
  for (const { time, value } of points) {
    if (value !== null)
      path += `${drawing ? "L" : "M"}${x(time).toFixed(1)},${y(value).toFixed(1)}${drawing ? "" : "h.1"}`;
    drawing = value !== null;
  }
  return path;
}

function label(text: string, x: number, y: number, anchor: string): SVGElement {
  const made = svg("text", { class: "chart-label", x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function clock(time: number): string {
  return new Date(time).toLocaleTimeString(language(), { hour12: false });
}
