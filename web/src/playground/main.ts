import { shell } from "../common/shell.ts";

shell("playground", ["playground", "arena"]);
