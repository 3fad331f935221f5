"""The world `http-plugin` as this host knows it: functions and their types, to compare with those of a component.

Wasmtime finds exports by name only, so without a comparison a component with the right names and other types would fail
in the middle of a call. The types are those of `wit/http-plugin.wit`, written as `signature` writes them.
"""

from __future__ import annotations

from typing import Final

from wasmtime.component import FuncType, ValType
from wasmtime.component import _types as wit

HOST_INTERFACE: Final = "proxywasm:http/host@0.1.0"

_NAMES: Final = {
    "variant {utf8(string), latin1(string)}": "payload",
    "enum {skip, stream, buffer, observe}": "body-mode",
    "enum {stop-iteration, pause, stop-no-buffer}": "hold",
    "enum {trace, debug, info, warn, error, critical}": "log-level",
    "enum {counter, gauge, histogram}": "metric-kind",
    "record {body: payload, end-of-stream: bool}": "injection",
    "record {headers: string, body: payload, first-byte-timeout-ms: option<u32>}": "new-request",
    "record {status: u16, headers: string, body: payload, details: string}": "local-reply",
    "record {value: payload, cas: u32}": "shared-value",
    "record {headers: string, body: payload}": "http-response",
    "record {mode: body-mode, limit: option<u32>}": "body-reading",
    "variant {effective-context(u32), hold(hold), read-request-body(body-reading), read-response-body(body-reading), "
    "edit-request-headers(string), edit-response-headers(string), "
    "replace-request-body(payload), replace-response-body(payload), inject-response-body(injection), resume-request, "
    "resume-response, send-local-reply(local-reply), fail(string), read-request-trailers, read-response-trailers, "
    "edit-request-trailers(string), edit-response-trailers(string), send-again(new-request), "
    "limit-first-byte(u32), leave(bool)}": "command",
    "variant {refused(string), failed(string)}": "start-error",
    "variant {unchanged, utf8(string), latin1(string), edit-request-headers(string), edit-response-headers(string),"
    " commands(list<command>), failed(string)}": "outcome",
}
"""The names of types, by their structure in terms of the types above."""

PLUGIN_FUNCTIONS: Final = {
    "configure": "(config: string, log-level: log-level) -> result<_, start-error>",
    "on-request-headers": "(context: u32, headers: string, end-of-stream: bool) -> outcome",
    "on-request-body": "(context: u32, body: string, latin1: bool, end-of-stream: bool) -> outcome",
    "on-request-trailers": "(context: u32, trailers: string) -> outcome",
    "on-response-headers": "(context: u32, headers: string, end-of-stream: bool) -> outcome",
    "on-response-body": "(context: u32, body: string, latin1: bool, end-of-stream: bool) -> outcome",
    "on-response-trailers": "(context: u32, trailers: string) -> outcome",
    "on-done": "(context: u32) -> outcome",
    "on-http-call-response": "(call: u32, response: http-response) -> outcome",
    "on-redis-call-response": "(call: u32, response: option<payload>) -> outcome",
    "on-tick": "() -> outcome",
}

HOST_FUNCTIONS: Final = {
    "log": "(level: log-level, context: u32, message: string)",
    "get-property": "(context: u32, path: string) -> option<payload>",
    "set-property": "(context: u32, path: string, value: payload) -> result<_, string>",
    "get-shared-data": "(key: string) -> option<shared-value>",
    "set-shared-data": "(key: string, value: payload, cas: u32) -> result<bool, string>",
    "http-call": (
        "(context: u32, cluster: string, headers: string, body: payload, timeout-ms: u32) -> result<u32, string>"
    ),
    "redis-init": "(cluster: string, username: string, password: string, timeout-ms: u32) -> result<_, string>",
    "redis-call": "(context: u32, cluster: string, query: payload) -> result<u32, string>",
    "call-foreign-function": "(name: string, argument: payload) -> result<payload, string>",
    "define-metric": "(kind: metric-kind, name: string) -> result<u32, string>",
    "increment-metric": "(metric: u32, offset: s64)",
    "record-metric": "(metric: u32, value: u64)",
    "get-metric": "(metric: u32) -> u64",
    "set-tick-period": "(milliseconds: u32)",
}


def signature(ty: FuncType) -> str:
    """The type of a function, in the notation used above."""
    params = ", ".join([f"{name}: {_name(each)}" for name, each in ty.params])
    return f"({params})" if ty.result is None else f"({params}) -> {_name(ty.result)}"


def _name(ty: ValType | None) -> str:
    structure = _structure(ty)
    return _NAMES.get(structure, structure)


def _structure(ty: ValType | None) -> str:
    match ty:
        case None:
            return "_"
        case wit.ListType():
            return f"list<{_name(ty.element)}>"
        case wit.TupleType():
            return f"tuple<{', '.join([_name(each) for each in ty.elements])}>"
        case wit.RecordType():
            return f"record {{{', '.join([f'{name}: {_name(each)}' for name, each in ty.fields])}}}"
        case wit.EnumType():
            return f"enum {{{', '.join(ty.names)}}}"
        case wit.VariantType():
            cases = [name if each is None else f"{name}({_name(each)})" for name, each in ty.cases]
            return f"variant {{{', '.join(cases)}}}"
        case wit.OptionType():
            return f"option<{_name(ty.payload)}>"
        case wit.ResultType():
            return f"result<{_name(ty.ok)}, {_name(ty.err)}>"
        case _:
            return type(ty).__name__.lower()
