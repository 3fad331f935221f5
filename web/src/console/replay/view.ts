// Recordings: the list, one of them, and what a configuration makes of it.

import { foreign, h, replace, type Child } from "../../common/dom.ts";
import { texts } from "../../common/i18n.ts";
import { icon } from "../../common/icons.ts";
import { announce } from "../../common/shell.ts";
import type { Against, Recording, RecordingFile, Recordings, Replay } from "../api.ts";
import type { Desk, View } from "../view.ts";
import { bytes, count, moment } from "../views/format.ts";
import { dialog, empty, heading, loaded, worker } from "../views/parts.ts";
import { recorderBar } from "../views/recorder.ts";
import { sideView } from "./sides.ts";
import { drawing, lastOf, timelineTable } from "./timeline.ts";

const t = texts(
  {
    title: "Recordings",
    lead: "Exchanges as they were, with placeholders for credentials. They can be replayed without a service.",
    none: "Nothing has been recorded yet.",
    room: "{used} of {room} are used.",
    open: "Open {name}",
    what: "Exchange",
    time: "Time",
    status: "Status",
    size: "Size",
    chunks: "Chunks",
    back: "All recordings",
    remove: "Delete",
    removeTitle: "Delete this recording?",
    running: "Replay with what serves",
    edited: "Replay with my edit",
    noEdit: "Change the configuration to replay with your edit.",
    same: "Nothing differs: this configuration does what was recorded.",
    differences: "{n} differences",
    place: "Place",
    expected: "Recorded",
    got: "Replayed",
    recorded: "Recorded",
    replayed: "Replayed",
    timeline: "Timeline",
    messages: "Messages",
    log: "Log of the replay",
    error: "The replay failed: {why}",
    finished: "Replayed: {result}",
    nothing: "nothing there",
  },
  {
    title: "录制",
    lead: "原样保存的交互，凭证已替换为占位符。无需服务即可回放。",
    none: "还没有录制。",
    room: "已用 {used}，共 {room}。",
    open: "打开 {name}",
    what: "交互",
    time: "时间",
    status: "状态码",
    size: "大小",
    chunks: "数据块",
    back: "全部录制",
    remove: "删除",
    removeTitle: "删除此录制？",
    running: "用正在生效的配置回放",
    edited: "用我的编辑回放",
    noEdit: "修改配置后，可以用您的编辑回放。",
    same: "没有差异：此配置的行为与录制一致。",
    differences: "{n} 处差异",
    place: "位置",
    expected: "录制",
    got: "回放",
    recorded: "录制",
    replayed: "回放",
    timeline: "时间线",
    messages: "消息",
    log: "回放日志",
    error: "回放失败：{why}",
    finished: "已回放：{result}",
    nothing: "无",
  },
);

export function recordings(desk: Desk): View {
  const element = h("div", { class: "stack" });
  let shown = "";
  const list = h("div", { class: "stack" });
  const recorder = recorderBar(desk);
  const home = h("div", { class: "stack" }, heading(t("title"), t("lead")), recorder.element, list);
  const load = (): Promise<void> => loaded(list, async () => listView(await desk.api.recordings()));
  desk.live.on("record", () => {
    if (shown === "" && element.isConnected) void load();
  });
  return {
    element,
    show: (id) => {
      shown = id;
      if (id === "") {
        replace(element, home);
        recorder.refresh();
        void load();
      } else {
        replace(element);
        void loaded(element, async () => one(desk, await desk.api.recording(id)));
      }
    },
    hide: () => (shown = "-"),
  };
}

function listView({ files, used_bytes: used, room_bytes: room }: Recordings): Child {
  if (files.length === 0) return empty(t("none"));
  const head = [t("what"), t("time"), t("status"), t("chunks"), t("size")];
  const row = (file: RecordingFile) =>
    h(
      "tr",
      {},
      h(
        "td",
        { "data-label": t("what") },
        h(
          "a",
          { href: `#recordings/${encodeURIComponent(file.id)}`, "aria-label": t("open", { name: file.title }) },
          foreign(file.title),
        ),
      ),
      h("td", { "data-label": t("time") }, moment(file.time)),
      h("td", { "data-label": t("status") }, file.status ? String(file.status) : "–"),
      h("td", { "data-label": t("chunks") }, count(file.chunks)),
      h("td", { "data-label": t("size") }, bytes(file.bytes)),
    );
  return [
    h(
      "div",
      { class: "table-box" },
      h(
        "table",
        { class: "data" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            head.map((each) => h("th", { scope: "col" }, each)),
          ),
        ),
        h("tbody", {}, files.map(row)),
      ),
    ),
    h("p", { class: "muted small" }, t("room", { used: bytes(used), room: bytes(room) })),
  ];
}

function one(desk: Desk, recording: Recording): Child {
  const failures = h("div", {});
  const result = h("div", { class: "stack" });
  const edited = h("span", {});
  const play = async (against: Against): Promise<void> => {
    const replay = await desk.api.replay(recording.id, against);
    replace(result, replayView(replay));
    const outcome =
      replay.error !== null
        ? replay.error
        : replay.same
          ? t.now("same")
          : t.now("differences", { n: replay.differences.length });
    announce(t.now("finished", { result: outcome }));
  };
  const buttons = desk.about.features.includes("replay")
    ? [
        worker({ class: "button primary" }, [icon("play"), t("running")], () => play({ against: "running" }), failures),
        desk.draft.changed
          ? worker(
              { class: "button" },
              [icon("play"), t("edited")],
              () => play({ against: "edited", etag: desk.draft.etag, edit: desk.draft.edit }),
              failures,
            )
          : null,
      ]
    : [];
  if (buttons.length && !desk.draft.changed)
    edited.append(h("a", { href: "#configuration", class: "small" }, t("noEdit")));
  replace(result, oneSide(recording));
  const remove = h(
    "button",
    { class: "button danger", type: "button", onclick: () => confirmRemoval(desk, recording) },
    icon("trash"),
    t("remove"),
  );
  return [
    h("p", {}, h("a", { href: "#recordings" }, "← ", t("back"))),
    heading(() => recording.title, foreign(recording.note), buttons, remove),
    edited,
    failures,
    result,
  ];
}

function confirmRemoval(desk: Desk, recording: Recording): void {
  const failures = h("div", {});
  const { close } = dialog(t("removeTitle"), [h("p", {}, foreign(recording.title)), failures], () =>
    worker(
      { class: "button danger" },
      t("remove"),
      async () => {
        await desk.api.forget(recording.id);
        close();
        desk.go("recordings");
      },
      failures,
    ),
  );
}

function oneSide({ recorded }: Recording): Child {
  return [
    panel(t("timeline"), drawing(recorded.timeline, lastOf(recorded)), timelineTable(recorded, null)),
    panel(t("messages"), sideView(recorded)),
  ];
}

function replayView(replay: Replay): Child {
  const { recorded, replayed, differences } = replay;
  const last = replayed ? lastOf(recorded, replayed) : lastOf(recorded);
  return [
    replay.error !== null
      ? h("p", { class: "notice bad", role: "alert" }, foreign(t.now("error", { why: replay.error })))
      : replay.same
        ? h("p", { class: "notice good" }, t("same"))
        : h(
            "div",
            { class: "notice warn" },
            h("p", {}, t("differences", { n: differences.length })),
            differencesTable(replay),
          ),
    panel(
      t("timeline"),
      h(
        "div",
        { class: "columns" },
        h("div", {}, h("h3", {}, t("recorded")), drawing(recorded.timeline, last)),
        h("div", {}, h("h3", {}, t("replayed")), replayed && drawing(replayed.timeline, last)),
      ),
      timelineTable(recorded, replayed),
    ),
    panel(
      t("messages"),
      h(
        "div",
        { class: "columns" },
        h("div", {}, h("h3", { class: "side-title" }, t("recorded")), sideView(recorded)),
        h("div", {}, h("h3", { class: "side-title" }, t("replayed")), replayed && sideView(replayed)),
      ),
    ),
    replay.log.length > 0 &&
      panel(t("log"), h("pre", { class: "code", tabindex: "0" }, foreign(replay.log.join("\n")))),
  ];
}

function differencesTable({ differences }: Replay): HTMLElement {
  const head = [t("place"), t("expected"), t("got")];
  return h(
    "div",
    { class: "table-box" },
    h(
      "table",
      { class: "data chunks" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head.map((each) => h("th", { scope: "col" }, each)),
        ),
      ),
      h(
        "tbody",
        {},
        differences.map((each) =>
          h(
            "tr",
            {},
            h("td", { "data-label": t("place") }, foreign(each.place, { class: "mono" })),
            h("td", { "data-label": t("expected") }, h("pre", { class: "wrapped chunk" }, expectation(each.expected))),
            h("td", { "data-label": t("got") }, h("pre", { class: "wrapped chunk" }, expectation(each.got))),
          ),
        ),
      ),
    ),
  );
}

function expectation(text: string | null): Child {
  return text === null ? h("span", { class: "muted" }, t("nothing")) : foreign(text);
}

function panel(title: () => string, ...content: Child[]): HTMLElement {
  return h("section", { class: "card panel" }, h("h2", {}, title), content);
}
