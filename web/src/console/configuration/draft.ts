// The text that is being edited. Form, editor, replay and the dialog for applying all show this one.

import { HttpFailure } from "../../common/http.ts";
import type { Api, Check, Edit, GatewayFile, Problem } from "../api.ts";
import { problemsOf } from "../api.ts";

export class Draft {
  /** Null until `load`. */
  file: GatewayFile | null = null;
  text = "";
  /** Of the text as it was checked last, which may be older than the text. */
  problems: Problem[] = [];
  checking = false;
  /** Why the last check could not be made. */
  failure = "";
  /** The file was changed by somebody else after it was loaded. */
  overtaken = false;
  /** An edit of this page is being applied: the file changes because of it. */
  applying = false;

  private checked = "";
  private readonly listeners = new Set<(origin: unknown) => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | null = null;
  private readonly api: Api;

  constructor(api: Api) {
    this.api = api;
  }

  get changed(): boolean {
    return this.file !== null && this.text !== this.file.text;
  }

  get etag(): string {
    return this.file?.etag ?? "";
  }

  get edit(): Edit {
    return { text: this.text };
  }

  /** `problems` are those of this text, not of one before. */
  get judged(): boolean {
    return this.checked === this.text && !this.checking;
  }

  /** `listener` gets who has changed the text; undefined: not the text has changed but what is known of it. */
  onChange(listener: (origin: unknown) => void): void {
    this.listeners.add(listener);
  }

  /** Reads the file; changes that were not applied are lost. */
  async load(): Promise<void> {
    const file = await this.api.file();
    this.file = file;
    this.overtaken = false;
    this.problems = file.problems;
    this.checked = file.text;
    this.failure = "";
    this.setText(file.text, this);
  }

  /** Takes the file as it is now for the one that is edited, and keeps the text. */
  async rebase(): Promise<void> {
    this.file = await this.api.file();
    this.overtaken = false;
    this.tell(undefined);
  }

  /** The file has this etag now. A text without changes follows it. */
  async fileIs(etag: string): Promise<void> {
    if (this.file === null || this.applying || etag === this.file.etag) return;
    if (!this.changed) await this.load();
    else {
      this.overtaken = true;
      this.tell(undefined);
    }
  }

  setText(text: string, origin: unknown): void {
    if (text === this.text && origin !== this) return;
    this.text = text;
    this.running?.abort();
    this.checking = false;
    clearTimeout(this.timer);
    if (text !== this.checked) this.timer = setTimeout(() => void this.check(), PAUSE);
    this.tell(origin);
  }

  /** Takes over what was applied. */
  applied(text: string, etag: string): void {
    if (this.file) this.file = { ...this.file, text, etag, problems: [], is_serving: true };
    this.problems = [];
    this.overtaken = false;
    this.checked = text;
    this.setText(text, this);
  }

  /** A check or an application that was not even judged. */
  failed(error: unknown): void {
    if (error instanceof HttpFailure && error.code === "file_changed") this.overtaken = true;
    this.failure = this.problems.length ? "" : String(error instanceof Error ? error.message : error);
    this.tell(undefined);
  }

  refusedWith(problems: Problem[]): void {
    this.problems = problems;
    this.checked = this.text;
    this.tell(undefined);
  }

  private async check(): Promise<void> {
    const text = this.text;
    const mine = new AbortController();
    this.running = mine;
    this.checking = true;
    this.tell(undefined);
    try {
      const check: Check = await this.api.check(this.etag, { text }, mine.signal);
      this.problems = check.problems;
      this.failure = "";
    } catch (error) {
      if (mine.signal.aborted) return;
      this.problems = problemsOf(error);
      this.failed(error);
    }
    this.checked = text;
    this.checking = false;
    this.tell(undefined);
  }

  private tell(origin: unknown): void {
    for (const listener of this.listeners) listener(origin);
  }
}

/** Milliseconds without a further change before a text is checked: a check starts a process. */
const PAUSE = 600;
