import { shell } from "../common/shell.ts";

shell("arena", ["playground", "arena"]);
