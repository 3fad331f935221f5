// Where a message is written: text, and images that are chosen, pasted or dropped.

import { h, replace } from "../common/dom.ts";
import { icon } from "../common/icons.ts";
import { ACCEPTED, readImages } from "./images.ts";
import { t } from "./texts.ts";

export interface Draft {
  text: string;
  images: string[];
}

export class Composer {
  readonly element: HTMLFormElement;
  private images: string[] = [];
  private running = false;
  private readonly input = h("textarea", {
    id: "message",
    rows: "1",
    dir: "auto",
    placeholder: t("placeholder"),
    "aria-describedby": "message-hint",
  });
  private readonly file = h("input", { type: "file", accept: ACCEPTED, multiple: true, hidden: true });
  private readonly shelf = h("ul", { class: "shelf row", hidden: true });
  private readonly problem = h("p", { class: "small composer-problem", role: "alert", hidden: true });
  private readonly button = h("button", { class: "button primary", type: "submit" });

  /** `send` gets what was written, and says whether it was sent. `stop` ends the answer that is under way. */
  constructor(
    private readonly send: (draft: Draft) => boolean,
    private readonly stop: () => void,
  ) {
    const add = h("button", { class: "button quiet icon", type: "button", "aria-label": t("addImage"), title: t("addImage") });
    add.append(icon("image"));
    add.addEventListener("click", () => this.file.click());
    this.element = h(
      "form",
      { class: "composer card" },
      h("label", { class: "visually-hidden", for: "message" }, t("message")),
      this.shelf,
      this.input,
      this.file,
      this.problem,
      h("div", { class: "row composer-tools" }, add, h("span", { class: "hint grow", id: "message-hint" }, t("messageHint")), this.button),
    );
    this.listen();
    this.setRunning(false);
  }

  setRunning(running: boolean): void {
    this.running = running;
    this.button.classList.toggle("primary", !running);
    this.button.type = running ? "button" : "submit";
    replace(this.button, icon(running ? "stop" : "arrowUp"), running ? t("stop") : t("send"));
  }

  focus(): void {
    this.input.focus();
  }

  write(text: string): void {
    this.input.value = text;
    this.fit();
  }

  complain(why: string): void {
    this.problem.textContent = why;
    this.problem.hidden = !why;
  }

  /** What is written and not sent. */
  get draft(): Draft {
    return { text: this.input.value, images: [...this.images] };
  }

  submit(): void {
    const { draft } = this;
    if (this.running || (!draft.text.trim() && !draft.images.length)) return;
    this.complain("");
    if (!this.send(draft)) return;
    this.images = [];
    this.write("");
    this.showImages();
  }

  private listen(): void {
    const { element, input, file, button } = this;
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    button.addEventListener("click", () => {
      if (this.running) this.stop();
    });
    input.addEventListener("input", () => this.fit());
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    input.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      void this.add(files);
    });
    file.addEventListener("change", () => {
      void this.add([...(file.files ?? [])]);
      file.value = "";
    });
    acceptDrops(element, (files) => void this.add(files));
  }

  private async add(files: File[]): Promise<void> {
    this.complain("");
    this.images.push(...(await readImages(files, (why) => this.complain(why))));
    this.showImages();
  }

  private showImages(): void {
    this.shelf.hidden = !this.images.length;
    replace(this.shelf, this.images.map((address, index) => this.thumbnail(address, index)));
  }

  private thumbnail(address: string, index: number): HTMLElement {
    const remove = h("button", { class: "button small icon", type: "button", "aria-label": t("removeImage", { n: index + 1 }) });
    remove.append(icon("close"));
    remove.addEventListener("click", () => {
      this.images.splice(index, 1);
      this.showImages();
      this.focus();
    });
    return h("li", { class: "thumbnail" }, h("img", { src: address, alt: t("imageOf", { n: index + 1 }) }), remove);
  }

  /** As high as its text. */
  private fit(): void {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 240)}px`;
  }
}

function acceptDrops(element: HTMLElement, take: (files: File[]) => void): void {
  element.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    element.classList.add("drop");
  });
  element.addEventListener("dragleave", () => element.classList.remove("drop"));
  element.addEventListener("drop", (event) => {
    element.classList.remove("drop");
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
}
