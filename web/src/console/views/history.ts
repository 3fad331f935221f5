// Earlier texts of the gateway file: what each has changed, and the way back to it.

import { foreign, h, replace } from "../../common/dom.ts";
import { texts, type LiveText } from "../../common/i18n.ts";
import type { HistoryEntry } from "../api.ts";
import { appliedText, applyDialog } from "../configuration/apply.ts";
import { diffView } from "../diff/view.ts";
import type { Desk, View } from "../view.ts";
import { moment } from "./format.ts";
import { empty, heading, loaded } from "./parts.ts";

const t = texts(
  {
    title: "History",
    lead: "The last {n} texts of the file. Rolling back applies one of them, and becomes an entry of its own.",
    none: "Nothing has been changed here yet.",
    current: "the file now",
    edit: "edited here",
    rollBack: "rolled back",
    found: "changed elsewhere",
    by: "by {who}",
    difference: "Difference from the file now",
    back: "Roll back to this",
    title2: "Roll back to the text of {time}",
    unapplied: "Changes that you have not applied will be lost.",
  },
  {
    title: "历史",
    lead: "该文件最近的 {n} 个版本。回滚会应用其中一个版本，并成为新的记录。",
    none: "还没有在此做过更改。",
    current: "当前文件",
    edit: "在此编辑",
    rollBack: "回滚",
    found: "在别处修改",
    by: "由 {who}",
    difference: "与当前文件的差异",
    back: "回滚到此版本",
    title2: "回滚到 {time} 的版本",
    unapplied: "尚未应用的更改将会丢失。",
  },
);

const HOW: Record<string, LiveText> = { edit: t("edit"), "roll back": t("rollBack"), found: t("found") };

export function history(desk: Desk): View {
  const box = h("div", { class: "stack" });
  const result = h("div", { role: "status" });
  const load = (): Promise<void> =>
    loaded(box, async () => {
      const [{ entries, most }] = await Promise.all([desk.api.history(), desk.draft.file ? null : desk.draft.load()]);
      replace(lead, t("lead", { n: most }));
      return entries.length
        ? h(
            "ol",
            { class: "history" },
            entries.map((each) => entry(each)),
          )
        : empty(t("none"));
    });
  const lead = h("span", {});

  function entry(each: HistoryEntry): HTMLElement {
    const diff = h("div", {});
    const details = h("details", {}, h("summary", { class: "small" }, t("difference")), diff);
    details.addEventListener("toggle", () => {
      if (details.open && !diff.childElementCount)
        void loaded(diff, async () => diffView((await desk.api.entry(each.id)).diff));
    });
    return h(
      "li",
      { class: "card panel" },
      h(
        "div",
        { class: "row" },
        h("strong", {}, h("time", { datetime: each.time }, moment(each.time))),
        h(
          "span",
          { class: "muted" },
          HOW[each.how] ?? foreign(each.how),
          each.who && [" ", t("by", { who: each.who })],
        ),
        each.added > 0 && h("span", { class: "chip good" }, `+${each.added}`),
        each.removed > 0 && h("span", { class: "chip bad" }, `−${each.removed}`),
        each.current && h("span", { class: "chip" }, t("current")),
        h("span", { class: "grow" }),
        !each.current &&
          h(
            "button",
            {
              class: "button small",
              type: "button",
              "aria-label": () => `${t.now("back")}: ${moment(each.time)}`,
              onclick: () => void back(each),
            },
            t("back"),
          ),
      ),
      !each.current && details,
    );
  }

  async function back(each: HistoryEntry): Promise<void> {
    const { draft } = desk;
    if (draft.changed) replace(result, h("p", { class: "notice warn" }, t("unapplied")));
    applyDialog(desk, t("title2", { time: moment(each.time) }), draft.etag, { history: each.id }, (applied) => {
      draft.applied(applied.text, applied.etag);
      replace(result, h("p", { class: "notice good" }, appliedText(applied)));
      void load();
    });
  }

  return {
    element: h("div", { class: "stack" }, heading(t("title"), lead), result, box),
    show: () => void load(),
    hide: () => result.replaceChildren(),
  };
}
