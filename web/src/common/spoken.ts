// An answer for users of a screen reader: whole sentences, now and then, while it arrives.

import { announce } from "./shell.ts";

/** Milliseconds between two announcements: they take time to be spoken. */
const PAUSE = 2500;
const MOST = 400;
const SENTENCE_END = /[.!?。！？:：\n](?=\s|$|[^\x00-\x7f])/g;

export class Spoken {
  private done = 0;
  private last = performance.now();

  /** All of the text so far. */
  follow(text: string): void {
    if (performance.now() - this.last < PAUSE) return;
    const fresh = text.slice(this.done, this.done + MOST);
    const ends = [...fresh.matchAll(SENTENCE_END)];
    const end = (ends.at(-1)?.index ?? -1) + 1;
    if (end <= 0 && fresh.length < MOST) return;
    this.last = performance.now();
    const length = end || fresh.length;
    announce(fresh.slice(0, length));
    // Who listens hears the beginning of each part of a fast answer, and reads the rest in the page.
    this.done = text.length - fresh.length > MOST ? text.length : this.done + length;
  }

  end(text: string, closing: string): void {
    const rest = text.slice(this.done, this.done + MOST);
    announce(rest ? `${rest} ${closing}` : closing);
  }
}
