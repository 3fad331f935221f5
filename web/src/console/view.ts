// What all views have in common.

import type { LiveText } from "../common/i18n.ts";
import type { Icon } from "../common/icons.ts";
import type { About, Api, Feature } from "./api.ts";
import type { Draft } from "./configuration/draft.ts";
import type { Live } from "./live.ts";

/** What views work with. */
export interface Desk {
  api: Api;
  about: About;
  live: Live;
  draft: Draft;
  /** Shows the view of an address such as `configuration` or `recordings/ID`. */
  go(address: string): void;
}

export interface View {
  element: HTMLElement;
  /** The view is seen; `rest`: what follows its name in the address. */
  show?(rest: string): void;
  hide?(): void;
}

export interface Place {
  name: string;
  title: LiveText;
  icon: Icon;
  /** What the engine has to have for it; null: nothing. */
  feature: Feature | null;
  open(desk: Desk): Promise<View>;
}
