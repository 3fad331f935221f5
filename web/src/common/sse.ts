// Server-sent events of a response, read as they arrive.

export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}

/** Most characters of one event: more is an error, so that a stream without line ends does not fill the memory. */
const MOST = 32 * 2 ** 20;

/** Each event when its blank line has arrived. An event that the end of the stream cuts off is not given. */
export async function* serverEvents(response: Response): AsyncGenerator<ServerEvent, void, undefined> {
  if (response.body === null) return;
  const parser = new EventParser();
  const decoder = new TextDecoder(); // not as a stream, which would lose what it holds when the response breaks off
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined); // a stream that has failed cannot be cancelled
  }
}

/** The grammar of the HTML standard, for text in pieces of any size. */
export class EventParser {
  private rest = "";
  private event = "";
  private id = "";
  private data: string[] = [];
  private size = 0;
  private began = false;
  private afterReturn = false;

  /** The events that this piece completes. */
  *feed(piece: string): Generator<ServerEvent, void, undefined> {
    if (!this.began && piece) {
      this.began = true;
      if (piece.startsWith("\ufeff")) piece = piece.slice(1);
    }
    if (this.afterReturn && piece.startsWith("\n")) piece = piece.slice(1);
    if (piece) this.afterReturn = piece.endsWith("\r");
    const lines = piece.split(/\r\n|\n|\r/);
    lines[0] = this.rest + (lines[0] ?? "");
    this.rest = lines.pop() ?? "";
    if (this.size + this.rest.length > MOST) throw new Error(`an event has more than ${MOST} characters`);
    for (const line of lines) {
      const complete = this.line(line);
      if (complete) yield complete;
    }
  }

  private line(line: string): ServerEvent | null {
    if (line === "") return this.end();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") {
      this.data.push(value);
      this.size += value.length;
      if (this.size > MOST) throw new Error(`an event has more than ${MOST} characters`);
    } else if (name === "event") this.event = value;
    else if (name === "id" && !value.includes("\0")) this.id = value;
    return null;
  }

  private end(): ServerEvent | null {
    const found = this.data.length
      ? { event: this.event || "message", data: this.data.join("\n"), id: this.id }
      : null;
    this.event = "";
    this.data = [];
    this.size = 0;
    return found;
  }
}
