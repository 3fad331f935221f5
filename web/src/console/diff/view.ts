// A difference to look at: one column on narrow screens, two on wide ones.

import { h } from "../../common/dom.ts";
import { texts } from "../../common/i18n.ts";
import { withVisibleControls } from "../../common/visible.ts";
import { pairsOf, rowsOf, type Row } from "./unified.ts";

const t = texts(
  {
    none: "No difference.",
    removed: "removed",
    added: "added",
    before: "Before",
    after: "After",
    gap: "lines that are the same",
  },
  { none: "没有差异。", removed: "删除", added: "新增", before: "之前", after: "之后", gap: "相同的行" },
);

/** `diff` is in unified format. */
export function diffView(diff: string): HTMLElement {
  const rows = rowsOf(diff);
  if (rows.length === 0) return h("p", { class: "muted" }, t("none"));
  return h(
    "div",
    { class: "diff" },
    h("table", { class: "diff-one" }, columns("number", "number", "text"), h("tbody", {}, rows.map(single))),
    h(
      "table",
      { class: "diff-two" },
      columns("number", "text", "number", "text"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { colspan: 2, scope: "colgroup" }, t("before")),
          h("th", { colspan: 2, scope: "colgroup" }, t("after")),
        ),
      ),
      h(
        "tbody",
        {},
        pairsOf(rows).map(([one, other]) => double(one, other)),
      ),
    ),
  );
}

function columns(...kinds: ("number" | "text")[]): HTMLElement {
  return h(
    "colgroup",
    {},
    kinds.map((kind) => h("col", { class: `diff-${kind}-column` })),
  );
}

function single(row: Row): HTMLElement {
  if (row.kind === "gap") return gap(3);
  return h("tr", { class: `diff-${row.kind}` }, numberCell(row.before), numberCell(row.after), textCell(row));
}

function double(one: Row | null, other: Row | null): HTMLElement {
  if (one?.kind === "gap") return gap(4);
  const empty = () => [h("td", { class: "diff-number" }), h("td", { class: "diff-empty" })];
  const cells = (row: Row | null, line: number | null | undefined) =>
    row ? [numberCell(line ?? null, row.kind), textCell(row)] : empty();
  return h("tr", {}, cells(one, one?.before), cells(other, other?.after));
}

function gap(columns: number): HTMLElement {
  return h(
    "tr",
    { class: "diff-gap" },
    h("td", { colspan: columns }, h("span", { class: "visually-hidden" }, t("gap")), "⋯"),
  );
}

function numberCell(line: number | null, kind = ""): HTMLElement {
  return h("td", { class: `diff-number ${kind && `diff-${kind}`}` }, line === null ? "" : String(line));
}

function textCell(row: Row): HTMLElement {
  const { kind, text, mark } = row;
  const shown = (from: number, to: number) => withVisibleControls(text.slice(from, to));
  const [from, to] = mark ?? [0, 0];
  const parts = mark
    ? [shown(0, from), h("mark", {}, shown(from, to)), shown(to, text.length)]
    : [shown(0, text.length)];
  const word = kind === "removed" || kind === "added" ? h("span", { class: "visually-hidden" }, t(kind), ": ") : null;
  return h("td", { class: `diff-text diff-${kind}` }, word, h("code", {}, h("bdi", {}, parts)));
}
