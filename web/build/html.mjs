// The HTML of a page: nothing but what it loads. All else is made by its script.

import path from "node:path";

/** `metafile` of esbuild: which scripts and style sheets the page's entry consists of. */
export function html(name, title, metafile) {
  const [icon, entry, ...others] = firstLoad(name, metafile);
  const sheets = others.filter((file) => file.endsWith(".css"));
  const scripts = others.filter((file) => file.endsWith(".js"));
  const lines = [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${title} · proxywasm</title>`,
    `<link rel="icon" type="image/svg+xml" href="pages/${icon}">`,
    ...sheets.map((file) => `<link rel="stylesheet" href="pages/${file}">`),
    ...scripts.map((file) => `<link rel="modulepreload" href="pages/${file}">`),
    `<script type="module" src="pages/${entry}"></script>`,
    "</head>",
    "<body><noscript>This page needs JavaScript. 此页面需要 JavaScript。</noscript></body>",
    "</html>",
  ];
  return `${lines.join("\n")}\n`;
}

/** The files that a page loads before it can be used: its icon, its script, its style sheet, further scripts. */
export function firstLoad(name, metafile) {
  const outputs = Object.entries(metafile.outputs);
  const [entry, output] = outputs.find(([, each]) => each.entryPoint === `src/${name}/main.ts`);
  const [icon] = outputs.find(([file]) => path.basename(file).startsWith("icon-"));
  const sheets = output.cssBundle ? [output.cssBundle] : [];
  return [icon, entry, ...sheets, ...staticImports(entry, metafile)].map((file) => path.basename(file));
}

/** All scripts that an entry needs before it runs. */
function staticImports(entry, metafile) {
  const found = new Set();
  const visit = (file) => {
    for (const each of metafile.outputs[file].imports) {
      if (each.kind === "import-statement" && !found.has(each.path)) {
        found.add(each.path);
        visit(each.path);
      }
    }
  };
  visit(entry);
  return [...found].sort();
}
