"""A plugin that misbehaves on request: the header `do` says how. Configuration: {"do": fault} for `parse_config`."""

from __future__ import annotations

import _thread
import contextlib
import json
import os
import re
import select
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proxywasm import Action, ConfigError, Counter, Histogram, HttpContext, Plugin, log, shared_data
from proxywasm.wire import EffectiveContext

plugin: Plugin[dict[str, Any]] = Plugin("faulty")
kept: list[Any] = []

# Loops.


def loop() -> None:
    while True:
        pass


def 循环() -> None:  # noqa: N802, PLC2401  # names of functions may have any letters
    number = 0
    while True:
        number += 1


def größer() -> None:  # noqa: PLC2401
    循环()


def loop_in_c() -> None:
    sum(range(10**15))


def regex() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


def power() -> None:
    _ = 7 ** (10**9)


def swallow() -> None:
    while True:
        with contextlib.suppress(BaseException):
            loop()


# Depth.


def deep(depth: int = 0) -> int:
    return deep(depth + 1) + 1


def deep_unlimited() -> None:
    sys.setrecursionlimit(2**31 - 1)
    deep()


def deep_json() -> None:
    json.loads("[" * 100_000)


def deep_repr() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    repr(nested)


def deep_source() -> None:
    compile("(" * 100_000, "", "exec")


# Memory.


def memory() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(1_000_000))


def memory_at_once() -> None:
    bytes(2**31 - 1)


def keep_memory() -> None:
    kept.append(bytearray(40_000_000))


def keep_all_memory() -> None:
    try:
        while True:
            kept.append(bytearray(1_000_000))
    except MemoryError:
        pass


# Exceptions.


def storm() -> None:
    def nested(depth: int) -> None:
        try:
            raise ValueError(str(depth) * 100)  # noqa: TRY301  # caught by each level
        except ValueError:
            if depth:
                nested(depth - 1)
            raise

    for _ in range(20):
        try:
            nested(100)
        except ValueError:
            continue
    nested(100)


class _NoText(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def unprintable() -> None:
    raise _NoText


def surrogate() -> None:
    raise ValueError("\udcff")


def interrupt() -> None:
    raise KeyboardInterrupt


# Ends and blocking.


def spawn() -> None:
    _thread.start_new_thread(loop, ())


def connect() -> None:
    socket.create_connection(("127.0.0.1", 80))


def escape() -> str:
    """What there is of the host."""
    seen = [f"{path}: {type(error).__name__}" for path in ("/", ".", "/etc/passwd") if (error := _unreadable(path))]
    return json.dumps({"environ": dict(os.environ), "argv": sys.argv, "refused": seen})


def _unreadable(path: str) -> Exception | None:
    try:
        list(Path(path).iterdir()) if Path(path).is_dir() else Path(path).read_bytes()
        Path(path, "new").write_bytes(b"")
    except OSError as error:
        return error
    return None


# Too much.


def flood() -> None:
    while True:
        log.info("x" * 1000)


def add_headers(ctx: HttpContext) -> None:
    for number in range(2000):
        ctx.request_headers.add(f"x-{number}", "v")


def command(ctx: HttpContext) -> None:
    for number in range(2000):
        ctx.command(EffectiveContext(number))


# No fault: what must come out right while others misbehave.

visits = Counter("visits")
sizes = Histogram("sizes")


def count(ctx: HttpContext) -> None:
    visits.increment()
    sizes.record(7)
    ctx.request_headers["x-visit"] = shared_data.update("visits", lambda old: b"%d" % (int(old or 0) + 1)).decode()


FAULTS: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "loop": loop,
    "loop further in": größer,
    "loop in C": loop_in_c,
    "regex": regex,
    "power": power,
    "swallow": swallow,
    "deep": deep,
    "deep unlimited": deep_unlimited,
    "deep json": deep_json,
    "deep repr": deep_repr,
    "deep source": deep_source,
    "memory": memory,
    "memory at once": memory_at_once,
    "keep memory": keep_memory,
    "keep all memory": keep_all_memory,
    "storm": storm,
    "unprintable": unprintable,
    "surrogate": surrogate,
    "interrupt": interrupt,
    "sys.exit": lambda: sys.exit(3),
    "os._exit": lambda: os._exit(3),
    "abort": os.abort,
    "sleep": lambda: time.sleep(3600),
    "select": lambda: select.select([], [], [], 3600),
    "poll": lambda: select.poll().poll(3_600_000),
    "input": input,
    "stdin": lambda: log.info("stdin: %r", sys.stdin.read()),
    "thread": spawn,
    "connect": connect,
    "resolve": lambda: socket.getaddrinfo("example.com", 80),
    "escape": lambda: log.info("%s", escape()),
    "read": lambda: Path("/etc/passwd").read_text(),
    "log flood": flood,
    "long log": lambda: log.info("x" * 30_000_000),
}

ON_STREAM: dict[str, Callable[[HttpContext], Any]] = {
    "header bomb": add_headers,
    "header giant": lambda ctx: ctx.request_headers.add("x", "v" * 10_000_000),
    "commands": command,
    "wide reply": lambda ctx: ctx.send_http_response(200, [], b"x" * 70_000_000),
    "hold": lambda ctx: Action.PAUSE,
    "count": count,
}


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> dict[str, Any]:
    if document.get("refuse"):
        raise ConfigError("refuse: that is not a good idea")
    FAULTS[document.get("do", "nothing")]()
    return document


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    what = ctx.request_headers.get("do", "nothing")
    if what in ON_STREAM:
        result = ON_STREAM[what](ctx)
        return result if isinstance(result, Action) else None
    FAULTS.get(what, FAULTS["nothing"])()
    ctx.request_headers["x-config"] = config.get("name", "none")
    return None


@plugin.on_streaming_response_body
def on_streaming_response_body(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last: bool) -> bytes | None:
    if chunk.startswith(b"return "):
        return b"x" * int(chunk[7:])
    FAULTS.get(chunk.decode(errors="replace"), FAULTS["nothing"])()
    return None
