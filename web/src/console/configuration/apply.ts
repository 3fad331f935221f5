// The dialog before an edit is applied: what differs, what is wrong, and the button.

import { foreign, h, replace } from "../../common/dom.ts";
import { HttpFailure } from "../../common/http.ts";
import { texts, type LiveText } from "../../common/i18n.ts";
import { announce } from "../../common/shell.ts";
import { problemsOf, type Applied, type Edit, type Problem } from "../api.ts";
import { diffView } from "../diff/view.ts";
import type { Desk } from "../view.ts";
import { dialog, loaded, worker } from "../views/parts.ts";

const t = texts(
  {
    apply: "Apply",
    lead: "The file is written and loaded without a restart. Streams under way end with what they began with; new ones get this.",
    same: "Nothing differs from the file.",
    refused: "This cannot be applied:",
    line: "line {n}",
    done: "Applied: configuration {n} serves new streams.",
    unchanged: "The file has not changed; configuration {n} serves.",
  },
  {
    apply: "应用",
    lead: "文件会被写入并重新加载，无需重启。进行中的流按原有配置结束；新的流使用此配置。",
    same: "与文件没有差异。",
    refused: "无法应用：",
    line: "第 {n} 行",
    done: "已应用：配置 {n} 用于新的流。",
    unchanged: "文件没有变化；配置 {n} 生效。",
  },
);

/** `done` gets what was applied, `refused` what is wrong with the edit. */
export function applyDialog(
  desk: Desk,
  title: LiveText,
  etag: string,
  edit: Edit,
  done: (applied: Applied) => void,
  refused: (problems: Problem[]) => void = () => undefined,
): void {
  const body = h("div", { class: "stack" });
  const failures = h("div", {});
  const apply = worker({ class: "button primary" }, t("apply"), () => run(), failures);
  apply.disabled = true;
  const { close } = dialog(title, [body, failures], () => apply);

  async function run(): Promise<void> {
    desk.draft.applying = true;
    try {
      const applied = await desk.api.apply(etag, edit);
      close();
      announce(t.now(applied.applied ? "done" : "unchanged", { n: applied.generation }));
      done(applied);
    } catch (error) {
      if (error instanceof HttpFailure && error.code === "file_changed") desk.draft.failed(error);
      const problems = problemsOf(error);
      if (problems.length === 0) throw error;
      replace(body, problemsNotice(problems));
      refused(problems);
    } finally {
      desk.draft.applying = false;
    }
  }

  void loaded(body, async () => {
    const check = await desk.api.check(etag, edit);
    if (check.problems.length) refused(check.problems);
    apply.disabled = !check.ok || !check.changes;
    return [
      check.ok
        ? h("p", { class: "muted small" }, check.changes ? t("lead") : t("same"))
        : problemsNotice(check.problems),
      check.changes &&
        h(
          "p",
          {},
          h("span", { class: "chip good" }, `+${check.added}`),
          " ",
          h("span", { class: "chip bad" }, `−${check.removed}`),
        ),
      check.changes && diffView(check.diff),
    ];
  });
}

export function appliedText(applied: Applied): LiveText {
  return t(applied.applied ? "done" : "unchanged", { n: applied.generation });
}

function problemsNotice(problems: Problem[]): HTMLElement {
  return h(
    "div",
    { class: "notice bad", role: "alert" },
    h("p", {}, t("refused")),
    h(
      "ul",
      { class: "plain" },
      problems.map((each) =>
        h(
          "li",
          {},
          t("line", { n: each.line }),
          ": ",
          each.key && [foreign(each.key, { class: "mono" }), ": "],
          foreign(each.message),
        ),
      ),
    ),
  );
}
