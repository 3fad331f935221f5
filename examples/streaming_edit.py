"""Blanks out a secret in a streamed response, also where chunk borders cut it, and holds back as little as it can."""

from dataclasses import dataclass

from proxywasm import HttpContext, Plugin, config


@dataclass(frozen=True)
class Settings:
    secret: str = config.key("what is blanked out", secret=True)


plugin: Plugin[bytes] = Plugin("streaming-edit")
plugin.parse_config(config.reader(Settings, then=lambda settings: settings.secret.encode()))


@plugin.on_streaming_response_body
def response_body(ctx: HttpContext, secret: bytes, chunk: bytes, last_chunk: bool) -> bytes:
    tail: bytes = ctx.get_context("tail", b"")
    data = (tail + chunk).replace(secret, b"***")
    kept = 0 if last_chunk else unfinished(data, secret)
    ctx.set_context("tail", data[len(data) - kept :])
    return data[: len(data) - kept]


def unfinished(data: bytes, secret: bytes) -> int:
    """How many bytes at the end may be the beginning of the secret."""
    for size in range(min(len(secret) - 1, len(data)), 0, -1):
        if secret.startswith(data[-size:]):
            return size
    return 0
