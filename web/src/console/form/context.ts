// What the parts of a form share. They get the control of a value from here, because a value may contain others.

import type { Field } from "../schema/fields.ts";
import type { Json, SchemaObject } from "../schema/schema.ts";
import type { Path, YamlText } from "../text/yaml_edit.ts";

/** Of the control of a value: what its label and its descriptions refer to. */
export interface Labelled {
  id: string;
  name: string;
  describedBy: string;
  invalid: boolean;
  /** Where there is no visible label. */
  label?: string;
}

export interface Message {
  place: Path;
  message: string;
  /** The server has not refused it. */
  warning: boolean;
}

export interface FormContext {
  root: SchemaObject;
  /** What is wrong at a place, and what the schema says of it. */
  messagesAt(path: Path): Message[];
  /** `then` is called when the form shows the change. */
  edit(change: (text: YamlText) => string, then?: () => void): void;
  /** Gives the key at a path another name. */
  rename(path: Path, name: string): void;
  control(context: FormContext, field: Field, value: Json | undefined, path: Path, labelled: Labelled): HTMLElement;
  /** Parts that the user has opened, by their paths. */
  opened: Set<string>;
}

/** A place as one text. */
export function keyOf(path: Path): string {
  return path.map(String).join(".");
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === "object" && inner !== null ? (inner as never)[step] : undefined),
    value,
  );
}
