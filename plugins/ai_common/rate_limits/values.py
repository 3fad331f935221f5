"""The values of requests by which they are limited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias
from urllib.parse import unquote_plus

from ai_common.consumer import consumer_of
from proxywasm import HttpContext

Value: TypeAlias = Callable[[HttpContext], str]
"""The value of a request; empty: it has none."""


def _header(name: str) -> Value:
    return lambda ctx: ctx.request_headers.first.get(name, "")


def _parameter(name: str) -> Value:
    def value(ctx: HttpContext) -> str:
        for pair in ctx.path.partition("?")[2].split("&"):
            key, _, text = pair.partition("=")
            if key == name or unquote_plus(key) == name:
                return unquote_plus(text)
        return ""

    return value


def _cookie(name: str) -> Value:
    def value(ctx: HttpContext) -> str:
        for header in ctx.request_headers.get_all("cookie"):
            for pair in header.split(";"):
                key, _, text = pair.strip().partition("=")
                if key == name:
                    return text.strip().strip('"')
        return ""

    return value


def _route(ctx: HttpContext) -> str:
    return (ctx.get_property("route_name") or b"").decode(errors="replace")


VALUES: Final[Mapping[str, Callable[[str], Value]]] = {
    "header": _header,
    "param": _parameter,
    "cookie": _cookie,
    "consumer": lambda _: consumer_of,
    "route": lambda _: _route,
}
