// Images of a message, as data URLs.

import { t } from "./texts.ts";

const TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
export const ACCEPTED = TYPES.join(",");
const MOST_MEGABYTES = 10;

/** The images among files. `refuse` gets a sentence for each file that is none, or too large. */
export async function readImages(files: Iterable<File>, refuse: (why: string) => void): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) {
    if (!TYPES.includes(file.type)) refuse(t.now("notAnImage", { name: file.name }));
    else if (file.size > MOST_MEGABYTES * 2 ** 20) {
      refuse(t.now("imageTooLarge", { name: file.name, most: MOST_MEGABYTES }));
    } else found.push(await dataUrl(file));
  }
  return found;
}

function dataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error(file.name));
    reader.readAsDataURL(file);
  });
}
