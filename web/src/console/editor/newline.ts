// The line after Enter: as deep as the one before, or deeper behind a key without a value.

import { EditorSelection, type StateCommand } from "@codemirror/state";

export const newLine: StateCommand = ({ state, dispatch }) => {
  if (state.readOnly) return false;
  const changes = state.changeByRange(({ from, to }) => {
    const line = state.doc.lineAt(from);
    const insert = `\n${" ".repeat(depthAfter(line.text.slice(0, from - line.from)))}`;
    return { changes: { from, to, insert }, range: EditorSelection.cursor(from + insert.length) };
  });
  dispatch(state.update(changes, { scrollIntoView: true, userEvent: "input" }));
  return true;
};

/** How many blanks belong before what follows a line. */
export function depthAfter(line: string): number {
  const start = /^ *(?:- +)*/.exec(line)?.[0] ?? "";
  const rest = line.slice(start.length).replace(/(^|\s)#.*$/, "");
  if (rest.trim() === "") return line.length - line.trimStart().length;
  return start.length + (/:\s*$/.test(rest) ? 2 : 0);
}
