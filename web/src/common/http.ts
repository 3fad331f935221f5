// Requests to the gateway that served the page, and what their failures say.

/** A response with an error's status, or none: then `status` is 0. */
export class HttpFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The body, as it came, cut to what a reader looks at. */
    readonly body = "",
    /** The error's machine-readable name, if the body is an error of OpenAI's protocol. */
    readonly code = "",
    /** Seconds of `retry-after`. */
    readonly retryAfter: number | null = null,
    /** The body, if it is a JSON object. */
    readonly document: Readonly<Record<string, unknown>> | null = null,
  ) {
    super(message);
  }
}

export interface RequestOptions {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as `authorization: Bearer`. */
  token?: string;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

/** The response, whose status is one of success. Rejects with `HttpFailure`, or with `AbortError` after an abort. */
export async function request(address: string, options: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.token) headers["authorization"] = `Bearer ${options.token}`;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const { signal } = options;
  let response: Response;
  try {
    response = await fetch(new URL(address, document.baseURI), {
      method: options.method ?? (options.body === undefined ? "GET" : "POST"),
      headers,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(signal ? { signal } : {}),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new HttpFailure(0, error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

/** The body of a successful response as JSON, which the caller has to check. */
export async function json(address: string, options: RequestOptions = {}): Promise<unknown> {
  const response = await request(address, options);
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HttpFailure(response.status, "the response is not JSON", text.slice(0, MOST_BODY));
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const MOST_BODY = 4000;
const MOST_READ = 8 * 2 ** 20;

async function failureOf(response: Response): Promise<HttpFailure> {
  const text = (await response.text().catch(() => "")).slice(0, MOST_READ);
  const { message, code, document } = described(text);
  const after = Number(response.headers.get("retry-after") ?? "");
  return new HttpFailure(
    response.status,
    message || response.statusText,
    text.slice(0, MOST_BODY),
    code,
    after > 0 ? after : null,
    document,
  );
}

/** The forms that errors have behind a gateway: `{"error": {"message"}}`, `{"message"}`, or a text. */
function described(text: string): { message: string; code: string; document: Record<string, unknown> | null } {
  try {
    const parsed: unknown = JSON.parse(text);
    const document = isObject(parsed) ? parsed : null;
    const error = document && isObject(document["error"]) ? document["error"] : document;
    if (isObject(error)) {
      const { message, code, type } = error;
      if (typeof message === "string") return { message, code: String(code ?? type ?? ""), document };
    }
  } catch {
    // The gateway's own errors are texts.
  }
  return { message: text.trim().slice(0, 500), code: "", document: null };
}
