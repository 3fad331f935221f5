from typing import Any

from proxywasm import HttpContext, Plugin

Config = dict[str, Any]
plugin: Plugin[Config] = Plugin("my_plugin")


@plugin.on_request_headers
def greet(ctx: HttpContext, config: Config) -> None:
    ctx.request_headers["x-greeting"] = f"hello, {config.get('name', 'world')}"


@plugin.on_streaming_response_body
def shout(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes:
    return chunk.upper()
