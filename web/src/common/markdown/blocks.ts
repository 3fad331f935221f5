// The nodes of a block of Markdown: code with its language and a button to copy, tables that scroll, formulas.

import { copyButton } from "../copy.ts";
import { h } from "../dom.ts";
import { texts } from "../i18n.ts";
import { escaped, html, type Token } from "./parse.ts";
import { sanitised } from "./sanitise.ts";

const t = texts(
  { code: "Code", table: "Table" },
  { code: "代码", table: "表格" },
);

/** Characters of a block of code that is coloured. */
const MOST_COLOURED = 20_000;
/** Formulas of a text that are drawn; further ones are shown as they are written. */
const MOST_FORMULAS = 300;

/** Of a view. Its formulas are counted, because each takes much time and many nodes. */
export class BlockPainter {
  private formulas = 0;
  /** The levels of the headings that the next one may be below of. */
  private levels: string[] = [];

  /** `isLast`: the block may go on, so what costs time waits. */
  draw(tokens: readonly Token[], isLast: boolean): Node {
    const whole = document.createDocumentFragment();
    let others: Token[] = [];
    const flush = (): void => {
      if (others.length) whole.append(this.drawOthers(others, isLast));
      others = [];
    };
    for (const token of tokens) {
      if (token.type !== "code") {
        others.push(token);
        continue;
      }
      flush();
      whole.append(code(token["text"] as string, (token["lang"] as string | undefined) ?? "", isLast));
    }
    flush();
    return whole;
  }

  private drawOthers(tokens: Token[], isLast: boolean): DocumentFragment {
    const fragment = sanitised(render(tokens));
    for (const block of fragment.querySelectorAll("pre")) {
      const inner = block.querySelector("code");
      const language = /(?:^| )language-(\S+)/.exec(inner?.className ?? "")?.[1] ?? "";
      block.replaceWith(code(block.textContent, language, isLast));
    }
    for (const table of fragment.querySelectorAll("table")) {
      const scroller = h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": t("table") });
      table.replaceWith(scroller);
      scroller.append(table);
    }
    const levels = ordered([...fragment.querySelectorAll("h3, h4, h5, h6")], this.levels);
    if (!isLast) this.levels = levels;
    const formulas = [...fragment.querySelectorAll<HTMLElement>(".formula-inline, .formula-block")];
    drawFormulas(formulas.slice(0, MOST_FORMULAS - this.formulas));
    if (!isLast) this.formulas = Math.min(this.formulas + formulas.length, MOST_FORMULAS);
    return fragment;
  }
}

/** Headings without gaps between their levels, whichever the text begins with. Gives the levels at the end. */
function ordered(headings: Element[], before: readonly string[]): string[] {
  const levels = [...before];
  for (const heading of headings) {
    while (levels.length && (levels.at(-1) as string) >= heading.tagName) levels.pop();
    levels.push(heading.tagName);
    const level = h(`h${levels.length + 2}` as "h3", { dir: "auto" });
    level.append(...heading.childNodes);
    heading.replaceWith(level);
  }
  return levels;
}

/** Text as it is: for what is too long, or what the parser cannot read. */
export function plain(text: string): HTMLElement {
  return h("div", { class: "plain", dir: "auto" }, text);
}

function render(tokens: Token[]): string {
  try {
    return html(tokens);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `<p>${escaped(tokens.map(({ raw }) => raw).join(""))}</p>`; // nested too deep
  }
}

export function code(text: string, info: string, isLast = false): HTMLElement {
  const language = /^[\w+#.-]{1,30}/.exec(info)?.[0] ?? "";
  const inner = h("code", {}, text);
  const figure = h(
    "figure",
    { class: "code" },
    h("figcaption", {}, h("span", { class: "grow" }, language || t("code")), copyButton(() => inner.textContent)),
    h("pre", { tabindex: "0" }, inner),
  );
  if (!isLast) void coloured(inner, language);
  return figure;
}

/** Colours the source text in the element, if the language is known. */
export async function coloured(element: HTMLElement, language: string): Promise<void> {
  const text = element.textContent;
  if (!language || text.length > MOST_COLOURED) return;
  const loaded = await import("./highlight.ts");
  const fragment = loaded.coloured(text, language);
  if (fragment && element.textContent === text) element.replaceChildren(fragment);
}

let formulas: typeof import("./formulas.ts") | null = null;

function drawFormulas(elements: HTMLElement[]): void {
  if (!elements.length) return;
  if (formulas) {
    for (const element of elements) formulas.draw(element);
    return;
  }
  void import("./formulas.ts").then(async (loaded) => {
    await loaded.ready;
    formulas = loaded;
    for (const element of elements) loaded.draw(element);
  });
}
