"""What is refused when callbacks are registered: natively and inside of a component alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from proxywasm import HttpContext, Plugin, plugin_context

if TYPE_CHECKING:
    from decimal import Decimal as OnlyForTypeCheckers

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}


def nothing() -> None: ...


def one(ctx: HttpContext) -> None: ...


def two(ctx: HttpContext, config: Config) -> None: ...


def three(ctx: HttpContext, config: Config, body: bytes) -> None: ...


def four(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> None: ...


def needs_a_name(ctx: HttpContext, config: Config, *, name: str) -> None: ...


def anything(*arguments: Any, **options: Any) -> None: ...


def with_more(ctx: HttpContext, config: Config, more: int = 1) -> None: ...


def annotated(ctx: HttpContext, config: OnlyForTypeCheckers) -> None: ...


@wraps(one)
def wrapper(ctx: HttpContext, config: Config) -> None:
    one(ctx)


class Methods:
    def two(self, ctx: HttpContext, config: Config) -> None: ...

    def __call__(self, ctx: HttpContext, config: Config) -> None: ...


WRONG: dict[str, Callable[[Plugin[Config]], object]] = {
    "pre_start_or_reload": lambda plugin: plugin.pre_start_or_reload(nothing),  # type: ignore[arg-type]
    "parse_config": lambda plugin: plugin.parse_config(two),  # type: ignore[arg-type]
    "parse_override_config": lambda plugin: plugin.parse_override_config(one),  # type: ignore[arg-type]
    "on_tick": lambda plugin: plugin.on_tick(100)(two),  # type: ignore[arg-type]
    "on_request_headers": lambda plugin: plugin.on_request_headers(one),  # type: ignore[arg-type]
    "on_request_body": lambda plugin: plugin.on_request_body(two),  # type: ignore[arg-type]
    "on_streaming_request_body": lambda plugin: plugin.on_streaming_request_body(three),  # type: ignore[arg-type]
    "on_response_headers": lambda plugin: plugin.on_response_headers(three),  # type: ignore[arg-type]
    "on_response_body": lambda plugin: plugin.on_response_body(four),  # type: ignore[arg-type]
    "on_response_too_large": lambda plugin: plugin.on_response_too_large(three),  # type: ignore[arg-type]
    "on_streaming_response_body": lambda plugin: plugin.on_streaming_response_body(read_only=True)(three),  # type: ignore[arg-type]
    "on_request_trailers": lambda plugin: plugin.on_request_trailers(one),  # type: ignore[arg-type]
    "on_response_trailers": lambda plugin: plugin.on_response_trailers(three),  # type: ignore[arg-type]
    "on_response_broken": lambda plugin: plugin.on_response_broken(one),  # type: ignore[arg-type]
    "on_stream_done": lambda plugin: plugin.on_stream_done(needs_a_name),  # type: ignore[arg-type]
    "partial": lambda plugin: plugin.on_stream_done(partial(two, None)),  # type: ignore[arg-type]
    "register_tick": lambda _: plugin_context().register_tick(100, one),  # type: ignore[arg-type]
    "filter_tracebacks": lambda _: plugin_context().filter_tracebacks(two),  # type: ignore[arg-type]
    "second": lambda plugin: (plugin.on_stream_done(two), plugin.on_stream_done(with_more)),
    "second read-only": lambda plugin: (
        plugin.on_streaming_response_body(four),
        plugin.on_streaming_response_body(read_only=True)(four),
    ),
}

RIGHT: list[Any] = [two, anything, with_more, annotated, wrapper, Methods().two, Methods(), partial(three, body=b"")]

registering: Plugin[Config] = Plugin("registering")
PLUGINS["register"] = registering


@registering.parse_config
def register(document: Config) -> Config:
    errors: dict[str, str] = {}
    for case, attempt in WRONG.items():
        try:
            attempt(Plugin(case))
        except (TypeError, ValueError) as error:
            errors[case] = f"{type(error).__name__}: {error}"
    for callback in RIGHT:
        Plugin[Config]("right").on_request_headers(callback)
    Plugin[Config]("several").on_tick(100)(one)  # type: ignore[arg-type]
    return errors


@registering.on_request_headers
def tell(ctx: HttpContext, config: Config) -> None:
    ctx.send_http_response(200, body=repr(config))
