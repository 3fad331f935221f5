// The console's interface, as `gateway/console/` serves it.

import { HttpFailure, json, request, type RequestOptions } from "../common/http.ts";
import type { Json, SchemaObject } from "./schema/schema.ts";
import type { Path } from "./text/yaml_edit.ts";

export type Feature = "edit" | "history" | "metrics" | "log" | "streams" | "state" | "record" | "replay";

export interface Reload {
  generation: number;
  since: string;
  refused: number;
  error: string;
}

export interface About {
  engine: "serve" | "envoy";
  version: string;
  file: string;
  writable: boolean;
  workers: number;
  native: boolean;
  listen: string;
  started: string;
  reload: Reload;
  features: Feature[];
}

export interface Route {
  name: string;
  match: { path_prefix: string | null; path: string | null; host: string | null } | null;
  upstream: string | null;
}

export interface RunningPlugin {
  index: number;
  name: string;
  source: string | null;
  module: string | null;
  on_failure: string;
  config: Json;
  has_schema: boolean;
}

export interface Gateway {
  generation: number;
  routes: Route[];
  plugins: RunningPlugin[];
  upstreams: Record<string, { url: string; sni: string | null; ca_file: string | null; proxy: boolean }>;
  effective: Json;
}

export interface Problem {
  line: number;
  key: string;
  place: Path;
  message: string;
}

export interface GatewayFile {
  path: string;
  etag: string;
  text: string;
  writable: boolean;
  problems: Problem[];
  is_serving: boolean;
}

export interface GatewayKey {
  name: string;
  about: string;
  default: string;
  works: boolean;
}

export interface Schemas {
  keys: GatewayKey[];
  plugins: { index: number; name: string; schema: SchemaObject | null; reason: string | null }[];
}

export type Edit = { text: string } | { history: number };

export interface Check {
  ok: boolean;
  problems: Problem[];
  text: string;
  etag: string;
  diff: string;
  added: number;
  removed: number;
  changes: boolean;
}

export interface Applied {
  applied: boolean;
  generation: number;
  etag: string;
  text: string;
}

export interface HistoryEntry {
  id: number;
  time: string;
  who: string;
  how: string;
  etag: string;
  added: number;
  removed: number;
  current: boolean;
}

export interface Stream {
  id: string;
  worker: number | null;
  generation: number;
  state: string;
  began: string;
  age_ms: number;
  route: string;
  method: string;
  path: string;
  client: string;
  upstream: string;
  status: number;
  requested_model: string | null;
  model: string | null;
  provider: string | null;
  first_byte_ms: number | null;
  first_token_ms: number | null;
  request_bytes: number;
  response_bytes: number;
  events: number;
  attempts: number;
  input_token: number | null;
  output_token: number | null;
  total_token: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  ended: string | null;
  recorded: boolean;
}

export interface Streams {
  open: Stream[];
  ended: Stream[];
  more: number;
}

export interface PluginState {
  index: number;
  name: string;
  tokens: {
    token: string;
    state: string;
    failures: number;
    next_check: string | null;
    good_checks: number;
    bad_checks: number;
    cluster: string | null;
  }[];
  breakers: { provider: string; model: string; state: string; failures: number; until: string | null }[];
  limits: { rule: string; kind: string; refused: number }[];
  quotas: { consumer: string; month: string | null; balance: number }[];
  more: number;
}

export interface State {
  plugins: PluginState[];
  where: string;
}

export interface Sample {
  time: string;
  requests: number | null;
  failed: number | null;
  client_closed: number | null;
  streams: number | null;
  connections: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  received_bytes: number | null;
  sent_bytes: number | null;
  memory_bytes: number | null;
  first_byte: { count: number; sum_seconds: number; buckets: [string, number][] } | null;
}

export interface Metric {
  name: string;
  kind: string;
  labels: Record<string, string>;
  value?: number;
  count?: number;
  sum?: number;
}

export interface LogLine {
  id: string;
  time: string;
  worker: number | null;
  level: string;
  source: string;
  message: string;
  traceback: string | null;
}

export interface Recorder {
  active: boolean;
  left: number;
  until: string | null;
}

export interface RecordingFile {
  id: string;
  time: string;
  title: string;
  status: number | null;
  bytes: number;
  chunks: number;
}

export interface Recordings {
  recording: Recorder;
  files: RecordingFile[];
  room_bytes: number;
  used_bytes: number;
}

export interface Chunk {
  text?: string;
  base64?: string;
  cut?: boolean;
}

export interface Message {
  headers: [string, string][];
  body: Chunk[];
  times_ms: number[] | null;
  complete: boolean;
}

export interface TimelineRow {
  at_ms: number | null;
  what: string;
  bytes: number;
  upstream: Chunk | null;
  client: Chunk | null;
}

export interface Side {
  request: Message;
  callouts: { cluster: string; request: Message; response: Message | null }[];
  upstream: Message | null;
  response: Message | null;
  client: Message | null;
  local_reply: { status: number; headers: [string, string][]; body: Chunk; details: string } | null;
  given_up: Message[];
  error: string | null;
  timeline: TimelineRow[];
}

export interface Recording {
  id: string;
  title: string;
  note: string;
  recorded: Side;
}

export interface Replay {
  same: boolean;
  differences: { place: string; expected: string | null; got: string | null }[];
  recorded: Side;
  replayed: Side | null;
  log: string[];
  error: string | null;
}

export type Against = { against: "running" } | { against: "edited"; etag: string; edit: Edit };

/** Requests with the operator's token. */
export class Api {
  constructor(
    readonly token: string,
    /** The token is no longer taken. */
    private readonly refused: () => void,
  ) {}

  about = (): Promise<About> => this.get("about");
  gateway = (): Promise<Gateway> => this.get("gateway");
  file = (): Promise<GatewayFile> => this.get("file");
  schemas = (): Promise<Schemas> => this.get("schema");
  check = (etag: string, edit: Edit, signal?: AbortSignal): Promise<Check> =>
    this.post("check", { etag, edit }, signal);
  apply = (etag: string, edit: Edit): Promise<Applied> => this.post("apply", { etag, edit });
  history = (): Promise<{ entries: HistoryEntry[]; most: number }> => this.get("history");
  entry = (id: number): Promise<HistoryEntry & { text: string; diff: string }> => this.get(`history/${id}`);
  metrics = (): Promise<{ metrics: Metric[]; more: number }> => this.get("metrics");
  recordings = (): Promise<Recordings> => this.get("recordings");
  recording = (id: string): Promise<Recording> => this.get(`recordings/${encodeURIComponent(id)}`);
  record = (streams: number, seconds: number): Promise<{ recording: Recorder }> =>
    this.post("recordings/start", { streams, seconds });
  stopRecording = (): Promise<{ recording: Recorder }> => this.post("recordings/stop", {});
  replay = (id: string, against: Against): Promise<Replay> =>
    this.post(`recordings/${encodeURIComponent(id)}/replay`, against);

  async forget(id: string): Promise<void> {
    await this.call(() =>
      request(this.address(`recordings/${encodeURIComponent(id)}`), this.options({ method: "DELETE" })),
    );
  }

  events(topics: readonly string[], signal: AbortSignal): Promise<Response> {
    return this.call(() => request(this.address(`events?topics=${topics.join(",")}`), this.options({ signal })));
  }

  private get<Answer>(path: string): Promise<Answer> {
    return this.call(() => json(this.address(path), this.options({})) as Promise<Answer>);
  }

  private post<Answer>(path: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
    return this.call(() => json(this.address(path), this.options({ body, signal })) as Promise<Answer>);
  }

  private address(path: string): string {
    return `/console/api/${path}`;
  }

  private options(options: RequestOptions): RequestOptions {
    return { ...options, token: this.token };
  }

  private async call<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    try {
      return await send();
    } catch (error) {
      if (error instanceof HttpFailure && error.status === 401) this.refused();
      throw error;
    }
  }
}

/** What is wrong with a refused edit. */
export function problemsOf(error: unknown): Problem[] {
  const problems = error instanceof HttpFailure ? error.document?.["problems"] : undefined;
  return Array.isArray(problems) ? (problems as Problem[]) : [];
}
