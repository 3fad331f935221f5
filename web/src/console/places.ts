// All views of the console, in the order of its menu.

import { texts } from "../common/i18n.ts";
import type { Place } from "./view.ts";
import { health } from "./views/health.ts";
import { history } from "./views/history.ts";
import { log } from "./views/log.ts";
import { metrics } from "./views/metrics.ts";
import { overview } from "./views/overview.ts";
import { streams } from "./views/streams.ts";

const t = texts(
  {
    overview: "Overview",
    configuration: "Configuration",
    history: "History",
    streams: "Streams",
    health: "Health and limits",
    metrics: "Metrics",
    log: "Log",
    recordings: "Recordings",
  },
  {
    overview: "概览",
    configuration: "配置",
    history: "历史",
    streams: "流",
    health: "健康与限额",
    metrics: "指标",
    log: "日志",
    recordings: "录制",
  },
);

export const PLACES: readonly Place[] = [
  { name: "overview", title: t("overview"), icon: "home", feature: null, open: async (desk) => overview(desk) },
  // Editor and YAML are larger than all else together: they are loaded when they are needed.
  {
    name: "configuration",
    title: t("configuration"),
    icon: "settings",
    feature: "edit",
    open: async (desk) => (await import("./configuration/view.ts")).configuration(desk),
  },
  { name: "history", title: t("history"), icon: "retry", feature: "history", open: async (desk) => history(desk) },
  { name: "streams", title: t("streams"), icon: "streams", feature: "streams", open: async (desk) => streams(desk) },
  { name: "health", title: t("health"), icon: "health", feature: "state", open: async (desk) => health(desk) },
  { name: "metrics", title: t("metrics"), icon: "chart", feature: "metrics", open: async (desk) => metrics(desk) },
  { name: "log", title: t("log"), icon: "log", feature: "log", open: async (desk) => log(desk) },
  {
    name: "recordings",
    title: t("recordings"),
    icon: "record",
    feature: "record",
    open: async (desk) => (await import("./replay/view.ts")).recordings(desk),
  },
];
