// Runs the tests of test/ in Node.js: `npm test`. They are of functions that need no browser.

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const names = await readdir(path.join(ROOT, "test"), { recursive: true });
const output = await mkdtemp(path.join(ROOT, "node_modules", ".tests-"));
try {
  await esbuild.build({
    absWorkingDir: ROOT,
    bundle: true,
    entryPoints: names.filter((name) => name.endsWith(".test.ts")).map((name) => path.join("test", name)),
    format: "esm",
    logLevel: "warning",
    outdir: output,
    outExtension: { ".js": ".mjs" },
    packages: "external",
    platform: "node",
    sourcemap: "inline",
  });
  const result = spawnSync(process.execPath, ["--enable-source-maps", "--test", output], { stdio: "inherit" });
  process.exitCode = result.status ?? 1;
} finally {
  await rm(output, { recursive: true });
}
