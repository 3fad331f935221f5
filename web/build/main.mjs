// Bundles the pages into the Python package: `npm run build`. What it writes depends on nothing but its sources.

import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { firstLoad, html } from "./html.mjs";
import { licenses } from "./licenses.mjs";
import { common, styleSheets } from "./options.mjs";
import { hashOfSources } from "./sources.mjs";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const OUTPUT = path.join(ROOT, "..", "host", "proxywasm_host", "gateway", "pages", "static");
const PAGES = {
  playground: "Playground",
  arena: "Arena",
  console: "Console",
};
const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

const sheets = styleSheets(ROOT);
const result = await esbuild.build({
  ...common(ROOT),
  entryPoints: [
    ...Object.keys(PAGES).map((name) => ({ in: `src/${name}/main.ts`, out: name })),
    { in: "src/common/icon.svg", out: "icon" },
  ],
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".svg": "copy" },
  splitting: true,
  metafile: true,
  plugins: [sheets.plugin],
});

const files = new Map([...sheets.files]);
for (const output of result.outputFiles) files.set(path.basename(output.path), output.contents);
const pages = {};
for (const [name, title] of Object.entries(PAGES)) {
  files.set(`${name}.html`, Buffer.from(html(name, title, result.metafile)));
  pages[name] = [`${name}.html`, ...firstLoad(name, result.metafile)];
}
const bundled = [...Object.keys(result.metafile.inputs), ...sheets.inputs];
files.set("LICENSES.txt", Buffer.from(await licenses(ROOT, bundled)));

// For each file that is not a part of a first load: the source it begins with.
const onDemand = {};
for (const [file, { entryPoint }] of Object.entries(result.metafile.outputs)) {
  const name = path.basename(file);
  if (entryPoint && !Object.values(pages).some((each) => each.includes(name))) onDemand[name] = entryPoint;
}
const manifest = { sources: await hashOfSources(ROOT), pages, onDemand, files: {} };
await rm(OUTPUT, { recursive: true, force: true });
await mkdir(OUTPUT, { recursive: true });
for (const [name, contents] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
  manifest.files[name] = {
    type: TYPES[path.extname(name)],
    sha256: createHash("sha256").update(contents).digest("hex"),
  };
  await writeFile(path.join(OUTPUT, name), contents);
}
await writeFile(path.join(OUTPUT, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
console.log(`${files.size} files, in ${path.relative(process.cwd(), OUTPUT)}`);
