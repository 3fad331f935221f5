// Formulas, drawn by KaTeX. Loaded with the first one.

import katex from "katex";
import sheet from "sheet:katex/dist/katex.css";

/** Resolves when the style sheet is there. */
export const ready = new Promise<void>((resolve) => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(sheet, import.meta.url).href;
  link.onload = link.onerror = () => resolve();
  document.head.append(link);
});

/** In place of the TeX that the element contains. A mistake in it is marked. */
export function draw(element: HTMLElement): void {
  const tex = element.textContent;
  try {
    katex.render(tex, element, {
      displayMode: element.classList.contains("formula-block"),
      maxExpand: 500,
      maxSize: 20,
      strict: "ignore",
      throwOnError: true,
      trust: false,
    });
  } catch (error) {
    element.textContent = tex;
    element.classList.add("formula-error");
    element.title = error instanceof Error ? error.message : "";
  }
}
