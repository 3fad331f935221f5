from dataclasses import dataclass

from proxywasm import HttpContext, Plugin, config


@dataclass(frozen=True)
class Settings:
    name: str = config.key("who is greeted", default="world")


plugin: Plugin[Settings] = Plugin("my_plugin")
plugin.parse_config(config.reader(Settings))


@plugin.on_request_headers
def greet(ctx: HttpContext, settings: Settings) -> None:
    ctx.request_headers["x-greeting"] = f"hello, {settings.name}"


@plugin.on_streaming_response_body
def shout(ctx: HttpContext, settings: Settings, chunk: bytes, last_chunk: bool) -> bytes:
    return chunk.upper()
