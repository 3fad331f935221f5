"""Only looks at bodies, and says so; with the configuration `break_word` it changes them all the same."""

from typing import Any

from proxywasm import HttpContext, Plugin, log

Config = dict[str, Any]

plugin: Plugin[Config] = Plugin("reader")


def read(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes | None:
    log.info("read %s", chunk.decode())
    return chunk + b"END" if config.get("break_word") else None


@plugin.on_response_headers
def response_headers(ctx: HttpContext, config: Config) -> None:
    if ctx.path == "/inject":
        ctx.need_pause_streaming_response()


plugin.on_streaming_request_body(read_only=True)(read)
plugin.on_streaming_response_body(read_only=True)(read)
