// The configuration: a form for each plugin beside the text of the gateway file.

import { foreign, h, replace } from "../../common/dom.ts";
import { texts, type LiveText } from "../../common/i18n.ts";
import type { Applied, Problem, Schemas } from "../api.ts";
import { Editor } from "../editor/editor.ts";
import { keyOf, valueAt, type Message } from "../form/context.ts";
import { Form } from "../form/form.ts";
import { schemaOf } from "../schema/plugins.ts";
import type { Json } from "../schema/schema.ts";
import { warningsIn } from "../schema/warnings.ts";
import { inWords } from "../schema/wording.ts";
import { YamlText } from "../text/yaml_edit.ts";
import type { Desk, View } from "../view.ts";
import { empty, failure, heading, loaded, segments } from "../views/parts.ts";
import { appliedText, applyDialog } from "./apply.ts";
import { ProblemList } from "./problems.ts";

const t = texts(
  {
    title: "Configuration",
    review: "Review and apply",
    revert: "Discard changes",
    readOnly: "The gateway may not write this file, so changes cannot be applied here.",
    overtaken: "The file was changed elsewhere while you edited it.",
    takeFile: "Take the file, lose my changes",
    keepMine: "Keep my text: the difference then shows what it takes back",
    older: "The file differs from what serves; a reload was refused, or has not come yet.",
    plugin: "Plugin",
    form: "Form",
    text: "Text",
    parts: "Form or text",
    noSchema: "This plugin declares no settings, so there is no form: {why}",
    noPlugins: "The file has no plugins.",
    loading: "The settings of plugins are read …",
  },
  {
    title: "配置",
    review: "检查并应用",
    revert: "放弃更改",
    readOnly: "网关没有写入此文件的权限，因此无法在此应用更改。",
    overtaken: "编辑期间，该文件在别处被修改。",
    takeFile: "采用文件内容，放弃我的更改",
    keepMine: "保留我的文本：差异中会显示被撤回的内容",
    older: "文件与正在生效的配置不同：重载被拒绝或尚未进行。",
    plugin: "插件",
    form: "表单",
    text: "文本",
    parts: "表单或文本",
    noSchema: "该插件没有声明配置项，因此没有表单：{why}",
    noPlugins: "文件中没有插件。",
    loading: "正在读取插件的配置项……",
  },
);

export async function configuration(desk: Desk): Promise<View> {
  const box = h("div", { class: "fill" });
  let inner: Configuration | null = null;
  let wanted = "";
  const load = (): Promise<void> =>
    loaded(box, async () => {
      const [schemas] = await Promise.all([desk.api.schemas(), desk.draft.file ? null : desk.draft.load()]);
      inner = new Configuration(desk, schemas);
      inner.choose(wanted);
      return inner.element;
    });
  await load();
  return {
    element: box,
    show: (rest) => {
      wanted = rest;
      inner?.choose(rest);
    },
  };
}

class Configuration {
  readonly element: HTMLElement;
  private readonly notes = h("div", { class: "stack notes", "aria-live": "polite" });
  private readonly tabs = h("div", { class: "segments plugin-tabs", role: "group", "aria-label": t("plugin") });
  private readonly formBox = h("div", { class: "form-box" });
  private readonly editor: Editor;
  private readonly problems: ProblemList;
  private readonly review = h("button", { class: "button primary", type: "button" }, t("review"));
  private readonly revert = h("button", { class: "button", type: "button" }, t("revert"));
  private readonly panes = h("div", { class: "panes", "data-shown": "form" });
  private form: Form | null = null;
  private warnings: Message[] = [];
  private plugin = 0;
  private formOf = "";
  private result: LiveText | null = null;
  private readonly desk: Desk;
  private schemas: Schemas;

  constructor(desk: Desk, schemas: Schemas) {
    this.desk = desk;
    this.schemas = schemas;
    const { draft } = desk;
    const writable = draft.file?.writable ?? false;
    this.editor = new Editor(draft.text, {
      changed: (text) => draft.setText(text, this.editor),
      schemas: () => this.schemas,
    });
    this.editor.setWritable(writable);
    this.problems = new ProblemList((problem) => this.goTo(problem));
    this.review.addEventListener("click", () => this.apply());
    this.revert.addEventListener("click", () => void this.again());
    const choice = segments(
      t("parts"),
      [
        ["form", t("form")],
        ["text", t("text")],
      ],
      "form",
      (name) => (this.panes.dataset["shown"] = name),
    );
    choice.classList.add("pane-choice");
    this.panes.append(
      h("section", { class: "card pane pane-form", "aria-label": t("form") }, this.tabs, this.formBox),
      h("section", { class: "card pane pane-text", "aria-label": t("text") }, this.editor.element),
    );
    this.element = h(
      "div",
      { class: "stack fill" },
      heading(t("title"), foreign(draft.file?.path ?? "", { class: "mono" }), this.revert, this.review),
      this.notes,
      this.problems.element,
      choice,
      this.panes,
    );
    draft.onChange((origin) => this.follow(origin));
    this.follow(draft);
  }

  choose(rest: string): void {
    const index = Number(rest);
    if (rest === "" || !Number.isInteger(index) || index === this.plugin) return;
    this.plugin = index;
    this.showForm(true);
  }

  /** The draft has changed, or what is known of it. */
  private follow(origin: unknown): void {
    const { draft } = this.desk;
    if (origin !== this.editor) this.editor.setText(draft.text);
    if (origin !== undefined && draft.changed) this.result = null;
    this.warnings = this.warned();
    this.editor.setProblems(draft.judged ? draft.problems : [], this.warnings);
    this.problems.show(draft);
    this.showForm(false);
    this.revert.hidden = !draft.changed;
    this.review.disabled = !draft.changed || !(draft.file?.writable ?? false);
    this.showNotes();
  }

  private showForm(focus: boolean): void {
    const { draft } = this.desk;
    const value = new YamlText(draft.text).value;
    const found = valueAt(value, ["plugins"]);
    const plugins = Array.isArray(found) ? found : [];
    this.plugin = Math.max(0, Math.min(this.plugin, plugins.length - 1));
    const names = plugins.map((each) => String(valueAt(each, ["name"]) ?? ""));
    this.showTabs(names);
    const schema = schemaOf(this.schemas, this.plugin, names[this.plugin]);
    const key = `${this.plugin} ${names[this.plugin]}`;
    if (plugins.length === 0) replace(this.formBox, empty(t("noPlugins")));
    else if (!schema?.schema) replace(this.formBox, empty(t("noSchema", { why: schema?.reason ?? "–" })));
    else {
      if (this.formOf !== key) {
        this.form = new Form(schema.schema, ["plugins", this.plugin, "config"], {
          text: () => draft.text,
          setText: (text) => draft.setText(text, this.form),
        });
        replace(this.formBox, this.form.element);
      }
      this.formOf = key;
      this.form?.show(this.messages());
      if (focus) this.editor.reveal(["plugins", this.plugin, "config"]);
      return;
    }
    this.formOf = "";
    this.form = null;
  }

  private messages(): Message[] {
    return [...this.desk.draft.problems.map((each) => ({ ...each, warning: false })), ...this.warnings];
  }

  /** What the schemas say of all plugins, except where the server has found a problem. */
  private warned(): Message[] {
    const { problems, text } = this.desk.draft;
    const plugins = valueAt(new YamlText(text).value, ["plugins"]);
    if (!Array.isArray(plugins)) return [];
    const refused = problems.map((each) => keyOf(each.place));
    return plugins.flatMap((plugin: unknown, index) => {
      const schema = schemaOf(this.schemas, index, valueAt(plugin, ["name"]))?.schema;
      if (!schema) return [];
      return warningsIn(schema, valueAt(plugin, ["config"]) as Json | undefined, ["plugins", index, "config"])
        .filter((each) => !refused.some((place) => place.startsWith(keyOf(each.place))))
        .map((each) => ({ place: each.place, message: inWords(each), warning: true }));
    });
  }

  private showTabs(names: string[]): void {
    if (this.tabs.dataset["names"] !== JSON.stringify(names)) {
      this.tabs.dataset["names"] = JSON.stringify(names);
      replace(
        this.tabs,
        names.map((name, index) =>
          h(
            "button",
            { class: "button quiet small", type: "button", onclick: () => this.desk.go(`configuration/${index}`) },
            foreign(name || String(index)),
          ),
        ),
      );
    }
    [...this.tabs.children].forEach((each, index) => each.setAttribute("aria-pressed", String(index === this.plugin)));
  }

  private showNotes(): void {
    const { draft } = this.desk;
    const { file } = draft;
    replace(
      this.notes,
      this.result && h("p", { class: "notice good" }, this.result),
      file && !file.writable && h("p", { class: "notice warn" }, t("readOnly")),
      draft.overtaken &&
        h(
          "div",
          { class: "notice warn" },
          h("p", {}, t("overtaken")),
          h(
            "div",
            { class: "row" },
            h("button", { class: "button small", type: "button", onclick: () => void this.again() }, t("takeFile")),
            h("button", { class: "button small", type: "button", onclick: () => void draft.rebase() }, t("keepMine")),
          ),
        ),
      file && !file.is_serving && !draft.changed && h("p", { class: "notice warn" }, t("older")),
      draft.failure && failure(new Error(draft.failure)),
    );
  }

  private goTo(problem: Problem): void {
    const [first, index] = problem.place;
    const inForm = first === "plugins" && typeof index === "number" && problem.place[2] === "config";
    if (inForm && this.panes.dataset["shown"] === "form" && getComputedStyle(this.formBox).display !== "none") {
      this.plugin = index;
      this.showForm(false);
      this.form?.focus(problem.place);
      this.editor.reveal(problem.place);
    } else this.editor.goTo(problem.line);
  }

  private async again(): Promise<void> {
    try {
      await this.desk.draft.load();
    } catch (error) {
      this.desk.draft.failed(error);
    }
  }

  private apply(): void {
    const { draft } = this.desk;
    applyDialog(
      this.desk,
      t("review"),
      draft.etag,
      draft.edit,
      (applied) => void this.applied(applied),
      (problems) => draft.refusedWith(problems),
    );
  }

  private async applied(applied: Applied): Promise<void> {
    this.desk.draft.applied(applied.text, applied.etag);
    this.result = appliedText(applied);
    this.showNotes();
    // A plugin that was added has settings of its own.
    this.schemas = await this.desk.api.schemas().catch(() => this.schemas);
    this.formOf = "";
    this.showForm(false);
  }
}
