// Line icons of 24 by 24, drawn for these pages.

const PATHS = {
  arrowUp: "M12 19V5m-6 6 6-6 6 6",
  chart: "M4 4v16h16M8 16v-4m4 4V8m4 8v-6",
  check: "m5 12.5 4.5 4.5L19 7.5",
  chevron: "m9 6 6 6-6 6",
  close: "M6 6l12 12M18 6 6 18",
  code: "m8 7-5 5 5 5m8-10 5 5-5 5M13.5 5l-3 14",
  copy: "M9 9h10v10a1 1 0 0 1-1 1H10a1 1 0 0 1-1-1zM15 9V5a1 1 0 0 0-1-1H5v10a1 1 0 0 0 1 1h3",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  health: "M3 12h4l2.5-6 5 12 2.5-6h4",
  home: "M4 11l8-7 8 7M6 9.5V20h12V9.5M10 20v-6h4v6",
  image: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M15.5 9.5h.01",
  log: "M5 6h14M5 10h9M5 14h14M5 18h7",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l12 7-12 7z",
  plus: "M12 5v14M5 12h14",
  record: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10z",
  retry: "M19 12a7 7 0 1 1-2-5l2 2m0-5v5h-5",
  settings: "M4 7h9m5 0h2M4 17h2m5 0h9M15.5 4.5v5M8.5 14.5v5",
  stop: "M7 7h10v10H7z",
  streams: "M3 8c3 0 3-2 6-2s3 2 6 2 3-2 6-2M3 13c3 0 3-2 6-2s3 2 6 2 3-2 6-2M3 18c3 0 3-2 6-2s3 2 6 2 3-2 6-2",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  tool: "M14.5 6a4 4 0 0 0-5 5L4 16.5V20h3.5L13 14.5a4 4 0 0 0 5-5L15.5 12 12 8.5z",
  trash: "M5 7h14M10 7V4h4v3m-7 0 1 13h8l1-13",
} as const;

export type Icon = keyof typeof PATHS;

/** Decorative: the control that contains it needs a text or an `aria-label`. */
export function icon(name: Icon): SVGSVGElement {
  return svg(24, PATHS[name], { stroke: "currentColor", "stroke-width": "2" });
}

export function logo(): SVGSVGElement {
  const made = svg(32, "M7 10.5 11 22l5-11.5L21 22l4-11.5", { stroke: "#fff", "stroke-width": "3" });
  const ground = document.createElementNS(made.namespaceURI, "rect");
  for (const [key, value] of Object.entries({ width: "32", height: "32", rx: "8", fill: "#4f5bd5" })) {
    ground.setAttribute(key, value);
  }
  made.prepend(ground);
  return made;
}

function svg(size: number, path: string, attributes: Record<string, string>): SVGSVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", `0 0 ${size} ${size}`);
  made.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(made.namespaceURI, "path");
  const all = { d: path, fill: "none", "stroke-linecap": "round", "stroke-linejoin": "round", ...attributes };
  for (const [key, value] of Object.entries(all)) line.setAttribute(key, value);
  made.append(line);
  return made as SVGSVGElement;
}
