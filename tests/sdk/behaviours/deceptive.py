"""Objects that say something else of themselves than they are, or raise when they are asked."""

# mypy: disable-error-code="override, arg-type, return-value"

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from proxywasm import (
    Action,
    ClusterClient,
    Counter,
    ForeignFunctionError,
    Gauge,
    Histogram,
    HttpContext,
    Plugin,
    PluginContext,
    TargetCluster,
    log,
    plugin_context,
    shared_data,
    wire,
)

Config = dict[str, Any]
Case = Callable[[HttpContext], object]

PLUGINS: dict[str, Plugin[Config]] = {}

client = ClusterClient(TargetCluster("service", "service.example"))


class Text(str):
    """Says that it is harmless."""

    __slots__ = ()

    def isascii(self) -> bool:
        return True

    def isprintable(self) -> bool:
        return True

    def encode(self, *_: object) -> NoReturn:
        raise KeyError("encode")

    def lower(self) -> Text:
        return self

    def startswith(self, *_: object) -> bool:
        return False

    def __contains__(self, _: object) -> bool:
        return False

    def __str__(self) -> str:
        return self

    def __radd__(self, _: object) -> object:
        return None


class Data(bytes):
    __slots__ = ()

    def decode(self, *_: object) -> NoReturn:
        raise KeyError("decode")

    def __len__(self) -> int:
        return 3

    def __bytes__(self) -> NoReturn:
        raise KeyError("bytes")


class Number(int):
    """Says that it fits."""

    __slots__ = ()

    def _true(self, _: object) -> bool:
        return True

    __le__ = __ge__ = __lt__ = __gt__ = __eq__ = _true
    __hash__ = int.__hash__

    def __int__(self) -> NoReturn:
        raise KeyError("int")

    __index__ = __int__


class Silent:
    """Nobody can say what it is."""

    def __repr__(self) -> NoReturn:
        raise SystemExit(1)

    def __dir__(self) -> NoReturn:
        raise SystemExit(2)


# What callbacks do with them.

ATTEMPTS: dict[str, Case] = {
    "log": lambda ctx: log.info(Text("\ud83d")),
    "print": lambda ctx: print(Text("\ud83d")),
    "print a beginning": lambda ctx: sys.stdout.write(Text("\ud83d")),
    "header": lambda ctx: ctx.request_headers.__setitem__("x", Text("\ud83d")),
    "header with a line break": lambda ctx: ctx.request_headers.__setitem__("x", Text("a\r\nb: c")),
    "another header with a line break": lambda ctx: ctx.request_headers.add("X-Y", Text("a\r\nb: c")),
    "name with a line break": lambda ctx: ctx.request_headers.__setitem__(Text("a: b\r\nx"), "1"),
    "path with a line break": lambda ctx: ctx.request_headers.__setitem__(":path", Text("/ HTTP/1.1\r\na: b")),
    "status": lambda ctx: ctx.send_http_response(Number(70_000)),
    "body": lambda ctx: ctx.send_http_response(200, body=Data(b"\xff body")),
    "body of text": lambda ctx: ctx.send_http_response(200, body=Text("\ud83d")),
    "other control characters": lambda ctx: ctx.request_headers.add("x", "a\x0bb"),
    "header of a reply": lambda ctx: ctx.send_http_response(200, {"x": Text("a\r\nb: c")}),
    "details": lambda ctx: ctx.send_http_response(200, details=Text("a\0\ud83d")),
    "name of a property": lambda ctx: ctx.get_property(Text("\ud83d")),
    "property": lambda ctx: ctx.set_property(Text("\ud83d"), Data(b"\xff")),
    "shared data": lambda ctx: shared_data.set(Text("\ud83d"), Data(b"\xff")),
    "number of shared data": lambda ctx: shared_data.set("key", b"", Number(2**70)),
    "metric": lambda ctx: Counter(Text("\ud83d")).increment(),
    "counter": lambda ctx: Counter("deceived_counter").increment(Number(2**70)),
    "gauge": lambda ctx: Gauge("deceived_gauge").record(Number(2**70)),
    "histogram": lambda ctx: Histogram("deceived_histogram").record(Number(-5)),
    "limit": lambda ctx: ctx.set_request_body_buffer_limit(Number(2**70)),
    "call": lambda ctx: client.post(Text("/\ud83d"), str, headers={"x": Text("\ud83d")}, body=Data(b"\xff")),
    "method of a call": lambda ctx: client.request(Text("GET / HTTP/1.1\r\n"), "/", str),
    "time of a call": lambda ctx: client.get("/", str, timeout_ms=Number(2**70)),
    "name of a cluster": lambda ctx: ClusterClient(TargetCluster(Text("\ud83d"), "host")).get("/", str),
    "foreign function": lambda ctx: call_foreign_function(),
}

REFUSED = {
    "header with a line break": "ValueError: header 'x': a value cannot contain NUL, CR or LF",
    "another header with a line break": "ValueError: header 'X-Y': a value cannot contain NUL, CR or LF",
    "name with a line break": "ValueError: 'a: b\\r\\nx' is not a header name",
    "path with a line break": "ValueError: header ':path': the value must be",
    "status": "ValueError: 70000 is not a status that can be sent",
    "other control characters": "ValueError: header 'x': a value cannot contain NUL, CR or LF, nor other control",
    "header of a reply": "ValueError: header 'x': a value cannot contain NUL, CR or LF",
    "details": "ValueError: details cannot contain NUL",
    "number of shared data": "ValueError: the number for compare-and-swap must be from 0",
    "counter": "ValueError: what is added to a counter must be from",
    "gauge": "ValueError: the value of a gauge must be from 0",
    "histogram": "ValueError: a sample of a histogram must be from 0",
    "limit": "ValueError: the limit of a body must be from 0",
    "method of a call": "ValueError: header ':method': the value must be a token",
    "time of a call": "ValueError: timeout_ms must be from 1",
    "name of a cluster": "HttpCallError: ",
}
"""What those get that cannot be taken; the others are taken as what they are."""


def call_foreign_function() -> None:
    try:
        plugin_context().call_foreign_function(Text("\ud83d"), Data(b"\xff"))
    except ForeignFunctionError as error:
        log.info("%s", error)


# What callbacks raise.


class NoText(Exception):
    def __str__(self) -> NoReturn:
        raise SystemExit(3)


class NoNotes(Exception):
    @property
    def __notes__(self) -> NoReturn:
        raise SystemExit(4)


class NoModule(Exception):
    __module__ = 5  # type: ignore[assignment]


class NoAttributes(Exception):
    def __getattribute__(self, name: str) -> NoReturn:
        raise SystemExit(name)


class Unnamed(type):
    def __getattribute__(cls, name: str) -> object:
        if name in {"__name__", "__qualname__", "__module__"}:
            raise KeyError(name)
        return super().__getattribute__(name)


class NoName(Exception, metaclass=Unnamed):
    pass


def _no_syntax() -> SyntaxError:
    error = SyntaxError("syntax", ("file", 1, 1, "text"))
    error.text = 5  # type: ignore[assignment]
    error.offset = Silent()  # type: ignore[assignment]
    return error


def _many_causes() -> Exception:
    error: Exception = ValueError("first")
    for number in range(1000):
        later = ValueError(str(number))
        later.__cause__ = error
        error = later
    return error


def _nested_groups() -> Exception:
    error: Exception = ValueError("innermost")
    for _ in range(200):
        error = ExceptionGroup("group", [error])
    return error


def _long_notes() -> Exception:
    error = ValueError("with notes")
    error.__notes__ = ["n" * 1_000_000] * 10
    return error


RAISED: dict[str, Callable[[], BaseException]] = {
    "NoText": NoText,
    "NoNotes": NoNotes,
    "NoModule": NoModule,
    "NoAttributes": NoAttributes,
    "NoName": NoName,
    "SyntaxError": _no_syntax,
    "AttributeError": lambda: AttributeError("x", name=Text("y"), obj=Silent()),
    "ValueError: 999": _many_causes,
    "ExceptionGroup: group (1 sub-exception)": _nested_groups,
    "ValueError: with notes": _long_notes,
}
"""By what a traceback says of them at least."""

# What callbacks do to the SDK's own objects.


def _deep_chain() -> NoReturn:
    error: Exception = ValueError("first")
    for number in range(20_000):
        later = ValueError(str(number))
        later.__context__ = error
        error = later
    raise error


def _damaged_edits(ctx: HttpContext) -> None:
    ctx.request_headers["x"] = "1"
    ctx.request_headers.edits.append(5)


SABOTAGE: dict[str, Case] = {
    "number of the stream": lambda ctx: setattr(ctx, "id", -1),
    "command": lambda ctx: ctx.command("resume"),
    "command for another": lambda ctx: ctx.command(wire.EffectiveContext(-1)),
    "status": lambda ctx: ctx.command(wire.SendLocalReply(wire.LocalReply(-5, [], b"", ""))),
    "large status": lambda ctx: ctx.command(wire.SendLocalReply(wire.LocalReply(2**40, [], b"", ""))),
    "body of a reply": lambda ctx: ctx.command(wire.SendLocalReply(wire.LocalReply(200, [], "text", ""))),
    "body of a request": lambda ctx: ctx.command(wire.ReplaceRequestBody("text")),
    "limit": lambda ctx: ctx.command(wire.ReadRequestBody(wire.BodyMode.BUFFER, -1)),
    "edits": _damaged_edits,
    "chain": lambda ctx: _deep_chain(),
}
FOUND_AT_ONCE = {"number of the stream": "AttributeError: property 'id'", "chain": "ValueError: 19999"}

deceiving: Plugin[Config] = Plugin("deceiving")
PLUGINS["deceive"] = deceiving


@deceiving.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action | None:
    if ctx.path == "/wait":
        return Action.PAUSE
    if attempt := ATTEMPTS.get(ctx.request_headers.get("x-attempt", "")):
        attempt(ctx)
    if sabotage := SABOTAGE.get(ctx.request_headers.get("x-sabotage", "")):
        sabotage(ctx)
    if raised := RAISED.get(ctx.request_headers.get("x-raise", "")):
        raise raised()
    return None


@deceiving.on_streaming_response_body
def response_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes:
    return Data(chunk)


# Ticks whose functions return something, as those of a lambda do.

RETURNED: list[object] = [b"bytes", 5, [5], True, Silent()]

answering: Plugin[Config] = Plugin("answering")
PLUGINS["answer ticks"] = answering


def returned(value: Any) -> Any:
    return value


@answering.on_tick(100)
def registered(context: PluginContext) -> Any:
    return b"bytes"


@answering.parse_config
def parse(document: Config) -> Config:
    for value in RETURNED:
        plugin_context().register_tick(100, functools.partial(returned, value))
    plugin_context().register_tick(100, lambda: Counter("ticked").increment())
    return document


# One of several that wait fails in a way that is no `Exception`.

CANCELLED: dict[str, type[BaseException]] = {
    each.__name__: each for each in (asyncio.CancelledError, GeneratorExit, SystemExit)
}

waiting: list[HttpContext] = []
waking: Plugin[Config] = Plugin("waking")
PLUGINS["wake all"] = waking


@waking.on_request_headers
def wait_or_wake(ctx: HttpContext, config: Config) -> Action | None:
    if ctx.path == "/wait":
        waiting.append(ctx)
        return Action.PAUSE
    for each in waiting:
        each.run(_wake, each)
    waiting.clear()
    return None


def _wake(ctx: HttpContext) -> None:
    if error := CANCELLED.get(ctx.request_headers.get("x-error", "")):
        raise error("while it is woken")
    ctx.resume_http_request()
