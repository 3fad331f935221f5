import { shell } from "../common/shell.ts";

shell("console", ["console"]);
