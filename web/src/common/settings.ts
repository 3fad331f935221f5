// Small settings of the browser: language and theme for all pages and times, secrets for one tab only.

function read(storage: () => Storage, name: string): string {
  try {
    return storage().getItem(name) ?? "";
  } catch {
    return ""; // a browser may forbid pages to keep anything
  }
}

function write(storage: () => Storage, name: string, value: string): void {
  try {
    if (value) storage().setItem(name, value);
    else storage().removeItem(name);
  } catch {
    // The setting then lasts as long as the page.
  }
}

/** Kept for all tabs, until the user clears the site's data. Never for secrets. */
export const kept = {
  get: (name: string): string => read(() => localStorage, `proxywasm.${name}`),
  set: (name: string, value: string): void => write(() => localStorage, `proxywasm.${name}`, value),
};

/** Kept for this tab, until it is closed. */
export const ofTab = {
  get: (name: string): string => read(() => sessionStorage, `proxywasm.${name}`),
  set: (name: string, value: string): void => write(() => sessionStorage, `proxywasm.${name}`, value),
};
