// Descriptions of settings: plain text, where names are in backticks.

import { h, type Child } from "../../common/dom.ts";
import { withVisibleControls } from "../../common/visible.ts";

export function described(text: string): Child {
  return withVisibleControls(text)
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .split("`")
    .map((part, index) => (index % 2 ? h("code", {}, part) : part));
}
