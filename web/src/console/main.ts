// The console: signs in, then shows one view at a time, by the address behind `#`.

import "../common/base.css"; // before the page's own rules
import "./console.css";
import { h, replace } from "../common/dom.ts";
import { texts } from "../common/i18n.ts";
import { icon } from "../common/icons.ts";
import { ofTab } from "../common/settings.ts";
import { shell, titled } from "../common/shell.ts";
import { Api, type About, type Reload } from "./api.ts";
import { Draft } from "./configuration/draft.ts";
import { Live, type Topic } from "./live.ts";
import { signIn } from "./signin.ts";
import type { Desk, Place, View } from "./view.ts";
import { failure, loaded } from "./views/parts.ts";
import { PLACES } from "./places.ts";

const t = texts(
  {
    console: "Console",
    views: "Views",
    leave: "Sign out",
    silent: "The gateway does not answer. Trying again …",
    unsaved: "(changes that are not applied)",
    missing: "Not in Envoy:",
  },
  {
    console: "控制台",
    views: "视图",
    leave: "退出登录",
    silent: "网关没有响应，正在重试……",
    unsaved: "（有未应用的更改）",
    missing: "Envoy 中没有：",
  },
);

const TOKEN = "console-token";
const { main, tools } = shell("console", ["console"]);
let signedIn: Session | null = null;

class Session implements Desk {
  readonly live: Live;
  readonly draft: Draft;
  private readonly views = new Map<string, View>();
  private readonly box = h("div", { class: "view" });
  private readonly banner = h("div", { role: "status" });
  private readonly links: HTMLAnchorElement[];
  private readonly places: Place[];
  private current: View | null = null;
  private currentName = "";
  private readonly dirty = h(
    "span",
    { class: "dirty", hidden: true },
    h("span", { class: "visually-hidden" }, t("unsaved")),
  );

  constructor(
    readonly api: Api,
    readonly about: About,
  ) {
    this.live = new Live(
      api,
      TOPICS.filter(([feature]) => feature === null || about.features.includes(feature)).map(([, topic]) => topic),
    );
    this.draft = new Draft(api);
    this.places = PLACES.filter((each) => each.feature === null || about.features.includes(each.feature));
    this.links = this.places.map((place) =>
      h(
        "a",
        { href: `#${place.name}`, class: "view-link" },
        icon(place.icon),
        h("span", {}, place.title),
        place.name === "configuration" && this.dirty,
      ),
    );
    const missing = PLACES.filter((each) => !this.places.includes(each));
    const hidden =
      missing.length > 0 &&
      h(
        "p",
        { class: "muted small views-missing" },
        t("missing"),
        " ",
        missing.map((each, index) => [index > 0 && ", ", each.title]),
      );
    replace(
      main,
      h(
        "div",
        { class: "console" },
        h("nav", { class: "views", "aria-label": t("views") }, this.links, hidden),
        h("div", { class: "view-column" }, this.banner, this.box),
      ),
    );
    replace(tools, h("button", { class: "button quiet", type: "button", onclick: () => leave(false) }, t("leave")));
    this.live.onConnection = (connected) =>
      replace(this.banner, !connected && h("p", { class: "notice warn" }, t("silent")));
    this.live.on<Reload & { etag?: string }>("reload", (reload) => {
      if (reload.etag) void this.draft.fileIs(reload.etag).catch((error: unknown) => this.draft.failed(error));
    });
    this.draft.onChange(() => (this.dirty.hidden = !this.draft.changed));
    this.live.want("reload");
    this.show();
  }

  go(address: string): void {
    location.hash = address;
  }

  /** The view that the address names. */
  show(): void {
    const [name = "", ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
    const place = this.places.find((each) => each.name === name) ?? (this.places[0] as Place);
    void this.open(place, rest.join("/"));
  }

  close(): void {
    this.current?.hide?.();
    this.live.stop();
  }

  private async open(place: Place, rest: string): Promise<void> {
    this.links.forEach((link, index) => {
      const here = this.places[index] === place;
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      if (here) link.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
    titled(() => `${place.title()} · ${t.now("console")}`);
    const moved = this.currentName !== "" && this.currentName !== place.name;
    if (this.currentName !== place.name) {
      this.current?.hide?.();
      this.current = null;
    }
    this.currentName = place.name;
    const view = this.views.get(place.name);
    if (view) {
      this.present(view, rest, moved);
      return;
    }
    const holder = h("div", { class: "fill" });
    replace(this.box, holder);
    await loaded(holder, async () => {
      const made = await place.open(this);
      this.views.set(place.name, made);
      if (this.currentName === place.name) this.present(made, rest, moved);
      return null;
    });
  }

  private present(view: View, rest: string, moved: boolean): void {
    this.current = view;
    replace(this.box, view.element);
    view.show?.(rest);
    if (moved) this.box.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }
}

const TOPICS: readonly (readonly [About["features"][number] | null, Topic])[] = [
  ["streams", "streams"],
  ["log", "log"],
  ["metrics", "metrics"],
  ["state", "state"],
  [null, "reload"],
];

async function enter(token: string): Promise<void> {
  const api = new Api(token, () => {
    if (signedIn) leave(true);
  });
  const about = await api.about();
  ofTab.set(TOKEN, token);
  signedIn = new Session(api, about);
}

function leave(expelled: boolean): void {
  signedIn?.close();
  signedIn = null;
  ofTab.set(TOKEN, "");
  replace(tools);
  titled(t("console"));
  replace(main, signIn(enter, expelled));
  main.querySelector("input")?.focus();
}

addEventListener("hashchange", () => {
  if (location.hash !== "#main") signedIn?.show();
});
addEventListener("beforeunload", (event) => {
  if (signedIn?.draft.changed) event.preventDefault();
});

const kept = ofTab.get(TOKEN);
if (kept) {
  enter(kept).catch((error: unknown) => {
    leave(false);
    main.append(failure(error));
  });
} else leave(false);
performance.mark("interactive");
