// An element that shows a text as Markdown while it grows: only its last block is drawn again.
//
//     const view = new MarkdownView();
//     view.show(answer.text);      // as often as there is more; it is drawn once a frame
//     view.end();                  // nothing follows

import "./markdown.css";
import { h, replace } from "../dom.ts";
import { throttled } from "../frames.ts";
import { number, texts } from "../i18n.ts";
import { withVisibleDirections } from "../visible.ts";
import { BlockPainter, code, plain } from "./blocks.ts";
import { blocks, noLinks, type Token } from "./parse.ts";

const t = texts(
  { cut: "The first {shown} of {all} characters are shown.", all: "Show all" },
  { cut: "显示了 {all} 个字符中的前 {shown} 个。", all: "显示全部" },
);

/** Characters that are shown until the reader asks for all. */
const LIMIT = 100_000;
/** Characters that one frame adds. */
const STEP = 20_000;
/** Characters of one block. A longer one is drawn in parts, as plain text unless it is code. */
const MOST_BLOCK = 12_000;

const FENCE = /^ {0,3}(?:`{3,}|~{3,})[^\n]*\n/;

export class MarkdownView {
  readonly element = h("div", { class: "markdown" });
  private readonly body = h("div", { class: "markdown-body" });
  private readonly footer = h("p", { class: "markdown-footer row", hidden: true });
  private readonly draw = throttled(() => this.drawMore());
  private original = "";
  private text = "";
  /** The text up to here is drawn and stays. */
  private done = 0;
  /** A block of code that is drawn in parts: where the next part goes, and the fence that began it. */
  private openCode: { inner: HTMLElement; fence: string } | null = null;
  private links = noLinks();
  private painter = new BlockPainter();
  private last: ChildNode | null = null;
  private limit = LIMIT;
  private ended = false;

  constructor() {
    this.element.append(this.body, this.footer);
  }

  /** All of the text so far. If it does not begin with what was shown before, it replaces that. */
  show(text: string): void {
    if (!text.startsWith(this.original)) this.reset();
    this.text += withVisibleDirections(text.slice(this.original.length)).replaceAll("\r", "");
    this.original = text;
    this.draw();
  }

  end(): void {
    this.ended = true;
    this.draw();
  }

  private reset(): void {
    this.body.replaceChildren();
    this.original = this.text = "";
    this.done = 0;
    this.openCode = this.last = null;
    this.links = noLinks();
    this.painter = new BlockPainter();
    this.limit = LIMIT;
    this.ended = false;
  }

  private drawMore(): void {
    this.last?.remove();
    this.last = null;
    const wanted = Math.min(this.text.length, this.limit);
    const end = Math.min(wanted, this.done + STEP);
    const fence = this.openCode?.fence ?? "";
    const source = fence + this.text.slice(this.done, end);
    const tokens = blocks(source, this.links);
    if (tokens) this.drawBlocks(tokens, fence.length, end, wanted);
    else this.keepPart(source);
    if (this.done < wanted && end < wanted) this.draw();
    this.showFooter();
  }

  private drawBlocks(tokens: Token[], fence: number, end: number, wanted: number): void {
    const isAll = this.ended && end === this.text.length;
    const last = tokens.findLastIndex((each) => each.type !== "space");
    const open = isAll || last < 0 ? tokens.length : last;
    const complete = tokens.slice(0, open);
    const length = complete.reduce((sum, { raw }) => sum + raw.length, 0);
    this.keep(complete);
    this.done += Math.max(length - fence, 0);
    const rest = tokens[open];
    if (rest !== undefined) this.drawLast(rest, end < wanted);
  }

  private keep(tokens: Token[]): void {
    const { openCode } = this;
    const [first] = tokens;
    if (!first) return;
    this.openCode = null;
    if (openCode && first.type === "code") {
      openCode.inner.append(part(first["text"] as string));
      tokens = tokens.slice(1);
    }
    this.body.append(this.painter.draw(tokens, false));
  }

  /** The block that may go on. */
  private drawLast(token: Token, isFollowed: boolean): void {
    const { raw } = token;
    if (raw.length > MOST_BLOCK || isFollowed) {
      const lineEnd = raw.lastIndexOf("\n") + 1;
      this.keepPart(raw.slice(0, lineEnd > MOST_BLOCK / 2 ? lineEnd : raw.length));
      return;
    }
    const { openCode } = this;
    const nodes = h("div", { class: "markdown-last" });
    if (openCode && token.type === "code") {
      nodes.append(token["text"] as string);
      openCode.inner.append(nodes);
    } else {
      nodes.append(this.painter.draw([token], true));
      this.body.append(nodes);
    }
    this.last = nodes;
  }

  private keepPart(raw: string): void {
    const fence = FENCE.exec(raw)?.[0];
    const before = this.openCode?.fence.length ?? 0;
    this.done += raw.length - before;
    if (fence === undefined) {
      this.openCode = null;
      this.body.append(plain(raw));
      return;
    }
    if (!this.openCode) {
      const figure = code("", fence.trim().replace(/^[`~]+/, ""), true);
      this.body.append(figure);
      this.openCode = { inner: figure.querySelector("code") as HTMLElement, fence };
    }
    this.openCode.inner.append(part(raw.slice(fence.length)));
  }

  private showFooter(): void {
    const isCut = this.text.length > this.limit;
    if (this.footer.hidden !== isCut && !isCut) return;
    this.footer.hidden = !isCut;
    if (!isCut) return;
    const { limit, text } = this;
    const all = h("button", { class: "button small", type: "button" }, t("all"));
    all.addEventListener("click", () => {
      this.limit = Infinity;
      this.draw();
    });
    replace(this.footer, () => t.now("cut", { shown: number(limit), all: number(text.length) }), all);
  }
}

/** A part of a long block of code. The browser skips those that are not visible. */
function part(text: string): HTMLElement {
  return h("span", { class: "code-part" }, text);
}
