// Elements without HTML: whatever a text contains, it stays a text.
//
//     h("button", { class: "button", onclick: send, title: t("send") }, icon("send"), t("send"))

import { onLanguage } from "./i18n.ts";
import { withVisibleControls } from "./visible.ts";

/** Text, an element, or a function whose text is read again when the language changes. */
export type Child = Node | string | number | null | undefined | false | (() => string) | readonly Child[];

type Value = string | number | boolean | null | undefined | (() => string);

type Handlers = {
  [Name in keyof GlobalEventHandlersEventMap as `on${Name}`]?: (event: GlobalEventHandlersEventMap[Name]) => void;
};

/** Attributes by their names in HTML, listeners as `onclick`. `false`, `null` and `undefined` leave an attribute out. */
export type Attributes = Handlers & { [name: string]: Value | ((event: never) => void) };

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  append(element, children);
  return element;
}

export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value as EventListener);
    } else if (typeof value === "function") {
      live(element, (target) => target.setAttribute(name, (value as () => string)()));
    } else if (value === false || value === null || value === undefined) {
      element.removeAttribute(name);
    } else if (name === "style" || name === "srcdoc") {
      throw new Error(`${name} is not for attributes: the pages' content security policy forbids it`);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

export function append(parent: ParentNode & Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (child instanceof Node) parent.appendChild(child);
    else if (typeof child === "function") {
      const node = document.createTextNode("");
      live(node, (target) => (target.data = child()));
      parent.appendChild(node);
    } else if (typeof child === "object") append(parent, child);
    else parent.appendChild(document.createTextNode(String(child)));
  }
}

/** In place of all that is in `parent`. */
export function replace(parent: ParentNode & Node, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * A text that others have written, such as a model's name: characters that change the direction of what follows, and
 * control characters, are shown by their numbers, and the text has no effect on what stands beside it.
 */
export function foreign(text: string, attributes: Attributes = {}): HTMLElement {
  return h("bdi", attributes, withVisibleControls(text));
}

interface Live {
  target: WeakRef<Node>;
  update: (target: never) => void;
}

let updates: Live[] = [];

function live<Target extends Node>(target: Target, update: (target: Target) => void): void {
  update(target);
  updates.push({ target: new WeakRef(target), update });
  if (updates.length % 2000 === 0) updates = updates.filter((each) => each.target.deref());
}

onLanguage(() => {
  updates = updates.filter(({ target, update }) => {
    const found = target.deref();
    if (found) update(found as never);
    return found !== undefined;
  });
});
