// Recording of the next streams: its state, and the button that begins or ends it.

import { h, replace } from "../../common/dom.ts";
import { texts } from "../../common/i18n.ts";
import { icon } from "../../common/icons.ts";
import type { Recorder } from "../api.ts";
import type { Desk } from "../view.ts";
import { worker } from "./parts.ts";

const t = texts(
  {
    record: "Record streams",
    stop: "Stop recording",
    number: "Streams to record",
    recording: "Recording: {n} streams are left, or until {time}.",
    about: "The next streams that begin are recorded; credentials in them become placeholders.",
    list: "Recordings",
  },
  {
    record: "录制流",
    stop: "停止录制",
    number: "要录制的流数",
    recording: "正在录制：还剩 {n} 个流，或至 {time}。",
    about: "接下来开始的流会被录制；其中的凭证会替换为占位符。",
    list: "录制",
  },
);

const SECONDS = 600;
const POLL = 2000;

/** `changed` is called when a recording may have begun or ended. */
export function recorderBar(
  desk: Desk,
  changed: () => void = () => undefined,
): { element: HTMLElement; refresh(): void } {
  const element = h("div", { class: "recorder" });
  const failures = h("div", {});
  const amount = h("input", {
    type: "number",
    min: "1",
    max: "100",
    value: "5",
    "aria-label": t("number"),
    class: "number",
  });
  let active = false;
  let shown = "";
  let timer: ReturnType<typeof setTimeout> | undefined;

  const show = (recorder: Recorder): void => {
    active = recorder.active;
    // Events tell of changes between two seconds; a recording may be over sooner.
    clearTimeout(timer);
    if (active) timer = setTimeout(refresh, POLL);
    const text = JSON.stringify(recorder);
    if (text === shown) return;
    shown = text;
    if (recorder.active) {
      const time = recorder.until ? new Date(recorder.until).toLocaleTimeString() : "–";
      replace(
        element,
        h(
          "div",
          { class: "row" },
          h("span", { class: "chip bad live" }, "REC"),
          h("span", { role: "status", class: "grow" }, t("recording", { n: recorder.left, time })),
          stop,
        ),
        failures,
      );
    } else {
      replace(
        element,
        h("div", { class: "row" }, start, amount, h("span", { class: "muted small grow" }, t("about")), list),
        failures,
      );
    }
    changed();
  };
  const refresh = (): void =>
    void desk.api.recordings().then(
      ({ recording }) => show(recording),
      () => undefined,
    ); // the next event tells

  const start = worker(
    { class: "button" },
    [icon("record"), t("record")],
    async () =>
      show(
        (await desk.api.record(Math.min(100, Math.max(1, Math.round(Number(amount.value) || 1))), SECONDS)).recording,
      ),
    failures,
  );
  const stop = worker(
    { class: "button" },
    [icon("stop"), t("stop")],
    async () => show((await desk.api.stopRecording()).recording),
    failures,
  );
  const list = h("a", { class: "button quiet", href: "#recordings" }, t("list"));
  desk.live.on<Recorder>("record", (recorder) => {
    if (recorder.active || active) show(recorder);
  });
  show({ active: false, left: 0, until: null });
  return { element, refresh };
}
