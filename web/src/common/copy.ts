// A button that copies a text.

import { h, replace } from "./dom.ts";
import { texts } from "./i18n.ts";
import { icon } from "./icons.ts";
import { announce } from "./shell.ts";

const t = texts(
  { copy: "Copy", copied: "Copied", refused: "The browser does not let this page copy" },
  { copy: "复制", copied: "已复制", refused: "浏览器不允许此页面复制" },
);

export function copyButton(text: () => string): HTMLButtonElement {
  const button = h("button", { class: "button quiet small", type: "button" }, icon("copy"), t("copy"));
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(text()).then(
      () => {
        replace(button, icon("check"), t("copied"));
        announce(t.now("copied"));
        setTimeout(() => replace(button, icon("copy"), t("copy")), 1500);
      },
      () => announce(t.now("refused")),
    );
  });
  return button;
}
