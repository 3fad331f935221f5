// The editor for the gateway file: CodeMirror, loaded when the configuration is opened.
//
// It lives in a shadow tree: there CodeMirror's styles are adopted style sheets, which the content security policy allows.

import {
  autocompletion,
  closeBrackets,
  completionKeymap,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorSelection, EditorState, Transaction } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  hoverTooltip,
  keymap,
  lineNumbers,
  type Tooltip,
} from "@codemirror/view";
import { h } from "../../common/dom.ts";
import { onLanguage, texts } from "../../common/i18n.ts";
import { withVisibleControls } from "../../common/visible.ts";
import type { Problem, Schemas } from "../api.ts";
import { described } from "../form/prose.ts";
import { YamlText, type Path } from "../text/yaml_edit.ts";
import { cursorAt } from "./cursor.ts";
import { newLine } from "./newline.ts";
import { aboutKey, proposalsAt } from "./proposals.ts";
import { highlighting, look } from "./look.ts";

const t = texts(
  { label: "Gateway file, YAML. Escape, then Tab leaves the editor." },
  { label: "网关文件（YAML）。按 Escape 再按 Tab 可离开编辑器。" },
);

export interface EditorTarget {
  changed(text: string): void;
  schemas(): Schemas;
}

export class Editor {
  readonly element = h("div", { class: "editor" });
  private readonly view: EditorView;
  private readonly writable = new Compartment();
  private readonly label = new Compartment();
  private readonly target: EditorTarget;

  constructor(text: string, target: EditorTarget) {
    this.target = target;
    const root = this.element.attachShadow({ mode: "open" });
    this.view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({ doc: text, extensions: this.extensions() }),
    });
    onLanguage(() => this.view.dispatch({ effects: this.label.reconfigure(labelled()) }));
  }

  /** Shows a text that was changed elsewhere; the cursor stays where it is, and the change can be undone. */
  setText(text: string): void {
    const old = this.view.state.doc.toString();
    if (text === old) return;
    let from = 0;
    while (from < old.length && from < text.length && old[from] === text[from]) from++;
    let end = 0;
    while (end < old.length - from && end < text.length - from && old.at(-1 - end) === text.at(-1 - end)) end++;
    this.view.dispatch({
      changes: { from, to: old.length - end, insert: text.slice(from, text.length - end) },
      annotations: Transaction.userEvent.of("set"),
    });
  }

  setWritable(writable: boolean): void {
    this.view.dispatch({ effects: this.writable.reconfigure(EditorState.readOnly.of(!writable)) });
  }

  setProblems(problems: Problem[], warnings: { place: Path; message: string }[]): void {
    const { doc } = this.view.state;
    const yaml = new YamlText(doc.toString());
    const found = problems.map((problem): Diagnostic => {
      const line = doc.line(Math.min(Math.max(problem.line, 1), doc.lines));
      const [from, to] = yaml.rangeOf(problem.place);
      const near = problem.place.length > 0 && to > from && doc.lineAt(from).number === line.number;
      const start = near ? from : line.from + (/^\s*/.exec(line.text)?.[0].length ?? 0);
      return {
        from: start,
        to: near ? Math.min(to, doc.lineAt(from).to) : line.to,
        severity: "error",
        message: withVisibleControls(problem.message),
      };
    });
    for (const { place, message } of warnings) {
      const [from, to] = yaml.rangeOf(place);
      found.push({
        from,
        to: Math.min(to, doc.lineAt(from).to),
        severity: "warning",
        message: withVisibleControls(message),
      });
    }
    this.view.dispatch(setDiagnostics(this.view.state, found));
  }

  /** Moves the cursor to a line. */
  goTo(line: number): void {
    const { doc } = this.view.state;
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
    this.view.dispatch({ selection: EditorSelection.cursor(at.from + at.text.search(/\S|$/)), scrollIntoView: true });
    this.view.focus();
  }

  /** Shows a place, without moving the focus. */
  reveal(path: Path): void {
    const [from] = new YamlText(this.view.state.doc.toString()).rangeOf(path);
    this.view.dispatch({
      selection: EditorSelection.cursor(from),
      effects: EditorView.scrollIntoView(from, { y: "center" }),
    });
  }

  private extensions() {
    return [
      lineNumbers(),
      foldGutter(),
      lintGutter(),
      highlightSpecialChars(),
      history(),
      drawSelection(),
      indentOnInput(),
      indentUnit.of("  "),
      EditorState.tabSize.of(2),
      bracketMatching(),
      closeBrackets(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSelectionMatches(),
      search({ top: true }),
      yaml(),
      highlighting,
      look,
      EditorView.lineWrapping,
      this.label.of(labelled()),
      autocompletion({ override: [(context) => this.complete(context)], icons: false }),
      hoverTooltip((view, position) => this.about(view, position)),
      keymap.of([
        ...completionKeymap,
        { key: "Enter", run: newLine },
        ...defaultKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...lintKeymap,
        indentWithTab,
      ]),
      this.writable.of(EditorState.readOnly.of(false)),
      EditorView.updateListener.of((update) => {
        const own = !update.transactions.some((each) => each.isUserEvent("set"));
        if (update.docChanged && own) this.target.changed(update.state.doc.toString());
      }),
    ];
  }

  private complete(context: CompletionContext): CompletionResult | null {
    const text = context.state.doc.toString();
    const proposals = proposalsAt(text, context.pos, this.target.schemas());
    if (!proposals || (!context.explicit && proposals.from === context.pos && !/:\s$/.test(text.slice(0, context.pos))))
      return null;
    const hasColon = /^[\w.-]*\s*:/.test(text.slice(context.pos));
    return {
      from: proposals.from,
      options: proposals.all.map((each) => ({
        label: each.label,
        apply: hasColon ? each.label : each.text,
        detail: each.detail,
        boost: each.required ? 50 : 0,
        info: () => (each.info ? h("div", {}, described(each.info)) : null),
      })),
      validFor: /^[\w.*/$@+~-]*$/,
    };
  }

  private about(view: EditorView, position: number): Tooltip | null {
    const text = view.state.doc.toString();
    const word = view.state.wordAt(position);
    const cursor = word && cursorAt(text, word.to);
    if (!word || cursor?.kind !== "key") return null;
    const name = /^[\w.*/$@+~-]+/.exec(text.slice(cursor.from))?.[0] ?? "";
    const about = aboutKey([...cursor.path, name], new YamlText(text).value, this.target.schemas());
    return about
      ? { pos: cursor.from, above: true, create: () => ({ dom: h("div", { class: "about" }, described(about)) }) }
      : null;
  }
}

function labelled() {
  return EditorView.contentAttributes.of({ "aria-label": t.now("label") });
}
