// Characters that a reader cannot see, but that change what is read.

/** Control characters except tab and line ends, and those that turn or isolate the direction of a text. */
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Only those that turn or isolate the direction of a text. */
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;

/** The text with each of them as `[U+202E]`. */
export function withVisibleControls(text: string): string {
  return text.replace(HIDDEN, byNumber);
}

/** For texts of several lines that arrive in pieces. */
export function withVisibleDirections(text: string): string {
  return text.replace(DIRECTIONS, byNumber);
}

function byNumber(character: string): string {
  return `[U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;
}
