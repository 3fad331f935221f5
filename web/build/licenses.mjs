// The licences of the packages that are part of the built pages.

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

const PACKAGE = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** `inputs`: files that a build has read. */
export async function licenses(root, inputs) {
  const names = new Set(inputs.map((file) => PACKAGE.exec(file)?.[1]).filter(Boolean));
  const parts = ["The built pages contain parts of these packages."];
  for (const name of [...names].sort()) {
    const folder = path.join(root, "node_modules", name);
    const description = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).sort().find((each) => /^licen[cs]e(\.|$)/i.test(each));
    if (file === undefined) throw new Error(`${name} has no file with its licence`);
    const text = await readFile(path.join(folder, file), "utf8");
    parts.push(`${name} ${description.version} (${description.license})\n\n${text.trim()}`);
  }
  return `${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
