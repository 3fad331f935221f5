// One hash of everything that the built pages are made of; tests/host/gateway/pages/test_built.py computes the same.

import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

const PARTS = ["build", "package-lock.json", "package.json", "src", "tsconfig.json"];

export async function hashOfSources(root) {
  const files = [];
  for (const part of PARTS) {
    if (path.extname(part)) files.push(part);
    else {
      const found = await readdir(path.join(root, part), { recursive: true, withFileTypes: true });
      files.push(...found.filter((each) => each.isFile()).map((each) => path.join(each.parentPath, each.name)));
    }
  }
  const names = files.map((file) => path.relative(root, path.resolve(root, file)).split(path.sep).join("/")).sort();
  const hash = createHash("sha256");
  for (const name of names) {
    const contents = await readFile(path.join(root, name));
    hash.update(`${name}\0${createHash("sha256").update(contents).digest("hex")}\n`);
  }
  return hash.digest("hex");
}
