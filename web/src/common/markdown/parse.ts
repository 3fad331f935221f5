// Markdown as models write it: GitHub's, with formulas. HTML is shown as text, except a few tags without attributes.

import { Lexer, Marked, type Token, type Tokens, type TokensList, type TokenizerAndRendererExtension } from "marked";

/** Tags that models write inside Markdown for want of another way. */
const HARMLESS = /^(?:<\/?(?:br|sub|sup|kbd|details|summary|mark|u)\s*\/?>)$/i;
/** Images that are part of the answer. Any other address is a link: loading it would tell its server. */
export const EMBEDDED_IMAGE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]+$/i;

export type { Token, Tokens };

/** The definitions of links, which blocks anywhere in a text refer to. */
export type Links = TokensList["links"];

export const noLinks = (): Links => Object.create(null) as Links;

/** Characters in which emphasis, links and formulas are looked for: that may take the square of the time. */
const MOST_INLINE = 4000;
/** More than anybody writes: the parser goes into each of them. */
const DEEP_QUOTES = /^(?:[ \t]{0,3}>){25}/m;

/**
 * The blocks of a text. Each has its `raw` source; together they are the text. `null`: nested too deep.
 */
export function blocks(source: string, links: Links): Token[] | null {
  if (DEEP_QUOTES.test(source)) return null;
  const lexer = new Lexer(markdown.defaults);
  lexer.tokens.links = links;
  try {
    lexer.blockTokens(source, lexer.tokens);
    for (const { src, tokens } of lexer.inlineQueue) {
      if (src.length <= MOST_INLINE) lexer.inlineTokens(src, tokens);
      else tokens.push({ type: "text", raw: src, text: src, escaped: false });
    }
  } catch (error) {
    if (error instanceof RangeError) return null; // the stack is full
    throw error;
  }
  return lexer.tokens;
}

/** HTML that still has to be sanitised. */
export function html(tokens: Token[]): string {
  return markdown.parser(tokens);
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}

/** `\(...\)` and `$...$`: the second one not where it could be an amount of money. */
const INLINE = /^(?:\\\((?<a>(?:[^\\\n]|\\(?!\)).){1,2000}?)\\\)|\$\$(?<b>[^$\n]{1,2000})\$\$|\$(?<c>[^\s$](?:[^$\n]{0,1998}[^\s$\\])?)\$(?![\d$]))/;
const BLOCK = /^(?:\$\$(?<a>(?:\\[^]|[^$\\]){1,4000}?)\$\$|\\\[(?<b>[^]{1,4000}?)\\\])[ \t]*(?:\n|$)/;

interface Formula extends Tokens.Generic {
  tex: string;
}

function formula(name: string, level: "inline" | "block", rule: RegExp, starts: RegExp): TokenizerAndRendererExtension {
  const tag = level === "inline" ? "span" : "div";
  return {
    name,
    level,
    start: (source) => {
      const found = source.search(starts);
      return found < 0 ? undefined : found;
    },
    tokenizer: (source): Formula | undefined => {
      const match = rule.exec(source);
      if (!match?.groups) return undefined;
      const tex = Object.values(match.groups).find((each) => each !== undefined) ?? "";
      return { type: name, raw: match[0], tex: tex.trim() };
    },
    renderer: (token) => `<${tag} class="formula-${level}">${escaped((token as Formula).tex)}</${tag}>`,
  };
}

const markdown = new Marked({
  gfm: true,
  extensions: [
    formula("inlineFormula", "inline", INLINE, /\$|\\\(/),
    formula("blockFormula", "block", BLOCK, /(?<=\n)(?:\$\$|\\\[)/),
  ],
  renderer: {
    html: ({ text }) => (HARMLESS.test(text.trim()) ? text : escaped(text)),
    heading({ tokens, depth }) {
      const level = Math.min(depth + 2, 6); // below the headings of the page
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
    image: ({ href, text }) =>
      EMBEDDED_IMAGE.test(href)
        ? `<img src="${escaped(href)}" alt="${escaped(text)}">`
        : `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
  },
});
