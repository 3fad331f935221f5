"""Drive a plugin through the stream runner, natively, and write down what comes out as plain tuples."""

from __future__ import annotations

from typing import Any

from proxywasm import Plugin
from proxywasm.adapters.native import native_program
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.stream import (
    ChainedStream,
    CloseUpstream,
    InformationalResponse,
    Limits,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    Reset,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    Runner,
    StartOver,
    Stream,
)

REQUEST = [(":method", "POST"), (":path", "/p"), (":authority", "example.com"), ("content-type", "application/json")]
RESPONSE = [(":status", "200"), ("content-type", "application/json")]


def run(plugin: Plugin[Any], *, limits: Limits | None = None, fail_open: bool = False) -> Runner:
    """A runner for the plugin, configured with an empty object."""
    services = HostServices(log_level=LogLevel.TRACE)
    program = native_program(plugin, services)
    program.configure("{}", LogLevel.TRACE)
    return Runner(program, services, limits=limits, fail_open=fail_open)


def says(stream: Stream | ChainedStream) -> list[tuple[Any, ...]]:
    """What the stream sends, without headers that were given by REQUEST and RESPONSE."""
    out: list[tuple[Any, ...]] = []
    for event in stream.take():
        match event:
            case RequestHeaders(fields, end):
                out.append(("up headers", [field for field in fields if field not in REQUEST], end))
            case ResponseHeaders(fields, end):
                out.append(("down headers", [field for field in fields if field not in RESPONSE], end))
            case RequestBody(data, end):
                out.append(("up body", data, end))
            case ResponseBody(data, end):
                out.append(("down body", data, end))
            case RequestTrailers(fields):
                out.append(("up trailers", fields))
            case InformationalResponse(fields):
                out.append(("down informational", fields))
            case ResponseTrailers(fields):
                out.append(("down trailers", fields))
            case CloseUpstream():
                out.append(("close upstream",))
            case StartOver():
                out.append(("start over",))
            case Reset():
                out.append(("reset",))
    return out


def messages(runner: Runner) -> list[str]:
    return [record.message for record in runner.services.logs]
