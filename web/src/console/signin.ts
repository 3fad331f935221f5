// The form that asks for the operator's token.

import { h, replace } from "../common/dom.ts";
import { HttpFailure } from "../common/http.ts";
import { texts } from "../common/i18n.ts";
import { foreign } from "../common/dom.ts";

const t = texts(
  {
    title: "Sign in",
    lead: "The token is in the file or the variable that the key console of the gateway file names. It stays in this tab until you close it or sign out.",
    token: "Token",
    enter: "Sign in",
    wrong: "The gateway does not take this token.",
    ended: "The gateway no longer takes the token.",
    failed: "The gateway does not answer: {why}",
  },
  {
    title: "登录",
    lead: "令牌位于网关文件中 console 键所指的文件或环境变量。它只保留在此标签页，直到关闭或退出登录。",
    token: "令牌",
    enter: "登录",
    wrong: "网关不接受此令牌。",
    ended: "网关不再接受该令牌。",
    failed: "网关没有响应：{why}",
  },
);

/** `enter` rejects if the token is not taken. `expelled`: the user was signed in before. */
export function signIn(enter: (token: string) => Promise<void>, expelled: boolean): HTMLElement {
  const input = h("input", {
    type: "password",
    id: "token",
    name: "token",
    autocomplete: "current-password",
    required: true,
    spellcheck: "false",
  });
  const problem = h("div", { role: "alert" });
  const button = h("button", { class: "button primary", type: "submit" }, t("enter"));
  if (expelled) replace(problem, h("p", { class: "notice warn" }, t("ended")));
  const form = h(
    "form",
    { class: "card sign-in stack" },
    h("h1", {}, t("title")),
    h("p", { class: "muted small" }, t("lead")),
    h("div", { class: "field" }, h("label", { class: "label", for: "token" }, t("token")), input),
    problem,
    button,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.replaceChildren();
    enter(input.value.trim())
      .catch((error: unknown) => {
        const wrong = error instanceof HttpFailure && error.status === 401;
        replace(
          problem,
          h(
            "p",
            { class: "notice bad" },
            wrong
              ? t("wrong")
              : foreign(t.now("failed", { why: String(error instanceof Error ? error.message : error) })),
          ),
        );
        input.select();
        input.focus();
      })
      .finally(() => (button.disabled = false));
  });
  return form;
}
