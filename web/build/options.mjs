// What all builds have in common, and style sheets that a page loads on demand.

import { readFile } from "node:fs/promises";
import path from "node:path";
import * as esbuild from "esbuild";

/** Options for browsers of the last three years. */
export function common(root) {
  return {
    absWorkingDir: root,
    bundle: true,
    charset: "utf8",
    format: "esm",
    legalComments: "none",
    logLevel: "warning",
    minify: true,
    outdir: "out",
    target: ["chrome111", "firefox115", "safari16.4"],
    write: false,
  };
}

/**
 * `import address from "sheet:katex/dist/katex.css"` bundles a style sheet with its fonts into files of its own, and
 * gives the address of the sheet beside the scripts. The promised `files` are complete when the build is.
 */
export function styleSheets(root) {
  const files = new Map();
  const inputs = [];
  const plugin = {
    name: "style sheets on demand",
    setup(build) {
      build.onResolve({ filter: /^sheet:/ }, async ({ path: name, resolveDir, kind }) => {
        const found = await build.resolve(name.slice("sheet:".length), { resolveDir, kind });
        if (found.errors.length) return found;
        return { path: path.relative(root, found.path).split(path.sep).join("/"), namespace: "sheet" };
      });
      build.onLoad({ filter: /.*/, namespace: "sheet" }, async ({ path: name }) => {
        const file = path.join(root, name); // esbuild's hashes depend on the names of modules: they are relative
        const result = await esbuild.build({
          ...common(root),
          entryPoints: [file],
          entryNames: "[name]-[hash]",
          assetNames: "[name]-[hash]",
          loader: { ".woff2": "file" },
          metafile: true,
          plugins: [onlyWoff2],
        });
        inputs.push(...Object.keys(result.metafile.inputs));
        for (const output of result.outputFiles) files.set(path.basename(output.path), output.contents);
        const sheet = result.outputFiles.find((output) => output.path.endsWith(".css"));
        return { contents: `export default ${JSON.stringify(path.basename(sheet.path))};`, loader: "js" };
      });
    },
  };
  return { plugin, files, inputs };
}

/** Every browser of today reads WOFF2: the other formats of a font are left out. */
const onlyWoff2 = {
  name: "only WOFF2",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      return {
        contents: text.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'](?:woff|truetype)["']\)/g, ""),
        loader: "css",
      };
    });
  },
};

