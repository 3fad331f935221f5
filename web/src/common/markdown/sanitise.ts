// HTML made of a model's text, as nodes that can do nothing: by DOMPurify, with a short list of what is allowed.

import DOMPurify from "dompurify";
import { EMBEDDED_IMAGE } from "./parse.ts";

const BLOCKS = "p, li, h3, h4, h5, h6, th, td, blockquote, summary";

export function sanitised(html: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: [
      "a", "blockquote", "br", "code", "del", "details", "div", "em", "h3", "h4", "h5", "h6", "hr", "img", "input", "kbd",
      "li", "mark", "ol", "p", "pre", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead",
      "tr", "u", "ul",
    ],
    ALLOWED_ATTR: ["align", "alt", "checked", "class", "disabled", "href", "src", "start", "title", "type"],
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of fragment.querySelectorAll("a")) {
    if (!link.hasAttribute("href")) link.replaceWith(...link.childNodes); // an address of another kind
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const image of fragment.querySelectorAll("img")) {
    if (!EMBEDDED_IMAGE.test(image.getAttribute("src") ?? "")) image.replaceWith(image.alt);
  }
  for (const input of fragment.querySelectorAll("input")) {
    if (input.type === "checkbox") input.disabled = true;
    else input.remove();
  }
  for (const block of fragment.querySelectorAll(BLOCKS)) block.setAttribute("dir", "auto");
  return fragment;
}
