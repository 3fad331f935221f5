"""The plugin of the benchmark. It passes everything on, does the work that a row asks for, and misbehaves on
request."""

from __future__ import annotations

import json
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


DOCUMENT = '{"id":"c1","choices":[{"index":0,"delta":{"content":" is","role":"assistant"},"finish_reason":null}]}'
DECODED = json.loads(DOCUMENT)
TIMES = 200


class Thing:
    def __init__(self, value: int) -> None:
        self.value = value

    def get(self) -> int:
        return self.value


def calls() -> None:
    for number in range(TIMES):
        Thing(number).get()


def dictionaries() -> None:
    for number in range(TIMES):
        copy = {**DECODED, "number": number}
        copy.get("id")


def texts() -> None:
    for _ in range(TIMES):
        DOCUMENT.partition(":")[2].encode().decode()


def json_loads() -> None:
    for _ in range(TIMES):
        json.loads(DOCUMENT)


def json_dumps() -> None:
    for _ in range(TIMES):
        json.dumps(DECODED)


WORK: dict[str, Callable[[], None]] = {
    "calls and objects": calls,
    "dictionaries": dictionaries,
    "texts": texts,
    "json.loads": json_loads,
    "json.dumps": json_dumps,
}
"""What Python does, `TIMES` times in a row, to compare the interpreter in the guest with that outside."""


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> bool:
    return bool(document.get("copy"))


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, copies: bool) -> None:
    headers = ctx.request_headers
    if work := headers.get("work"):
        WORK[work]()
        return
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
