"""The plugin of the benchmark: passes everything on, in as many ways as there are rows, and misbehaves on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxywasm import HttpContext, Plugin

plugin: Plugin[bool] = Plugin("bench")


def endless_loop() -> None:
    while True:
        pass


def deep_recursion(depth: int = 0) -> int:
    return deep_recursion(depth + 1) + 1


def memory_bomb() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(1_000_000))


def exception_storm() -> None:
    for number in range(10_000):
        try:
            raise ValueError(number)  # noqa: TRY301  # that is the fault
        except ValueError:
            continue
    raise ValueError


FAULTS: dict[str, Callable[[], Any]] = {
    "endless loop": endless_loop,
    "deep recursion": deep_recursion,
    "memory bomb": memory_bomb,
    "exception storm": exception_storm,
}


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> bool:
    return bool(document.get("copy"))


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, copies: bool) -> None:
    headers = ctx.request_headers
    if fault := headers.get("fault"):
        FAULTS[fault]()
    headers["x-first"] = "value"
    headers["x-header-3"] = "new"
    headers.discard("x-header-4")
    del copies


@plugin.on_streaming_response_body
def on_streaming_response_body(ctx: HttpContext, copies: bool, chunk: bytes, last: bool) -> bytes:
    del ctx, last
    if not copies:
        return chunk
    return b"x" * 64_000_000 if chunk == b"64 MB" else chunk[:1] + chunk[1:]
