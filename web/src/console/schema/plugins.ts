// Which schema belongs to a plugin of the text that is being edited.

import type { Schemas } from "../api.ts";

type PluginSchema = Schemas["plugins"][number];

/** Plugins may have been moved in the text: the one of this name, and of several the one in this place. */
export function schemaOf(schemas: Schemas, index: number, name: unknown): PluginSchema | undefined {
  const named = schemas.plugins.filter((each) => each.name === name);
  return named.find((each) => each.index === index) ?? named[0] ?? schemas.plugins.find((each) => each.index === index);
}
