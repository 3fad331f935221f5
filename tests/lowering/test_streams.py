"""Which calls of a gateway reach the guest when streams begin and end: `streams.wat` with a guest that notes them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest
from wasmtime import Engine, Func, FuncType, Instance, Module, Store, ValType, wat2wasm

GUEST = {"on-context-create": 2, "on-request-headers": 3, "on-log": 1, "on-delete": 1}
"""By function, how many numbers it takes."""


@pytest.fixture
def calls() -> list[tuple[object, ...]]:
    return []


@pytest.fixture
def gateway(calls: list[tuple[object, ...]]) -> Callable[..., object]:
    store = Store(Engine())
    number = ValType.i32()
    results = {"on-request-headers": ["(result i32)"]}
    imports = [
        f'(import "guest" "{name}" (func ${name} {"(param i32) " * count}{"".join(results.get(name, []))}))'
        for name, count in GUEST.items()
    ]
    text = files("proxywasm_host.lowering").joinpath("streams.wat").read_text()
    module = Module(store.engine, bytes(wat2wasm("\n".join(["(module", *imports, text, ")"]))))

    def noting(name: str) -> Callable[..., int | None]:
        def note(*arguments: int) -> int | None:
            calls.append((name, *arguments))
            return 0 if name in results else None

        return note

    guest = [
        Func(store, FuncType([number] * count, [number] if name in results else []), noting(name))
        for name, count in GUEST.items()
    ]
    exports = Instance(store, module, guest).exports(store)

    def call(name: str, *arguments: int) -> object:
        function = exports[f"proxy_{name}"]
        assert isinstance(function, Func)
        return function(store, *arguments)

    return call


def test_a_stream_is_one_call_at_its_beginning_and_one_at_its_end(
    gateway: Callable[..., object], calls: list[tuple[object, ...]]
) -> None:
    gateway("on_context_create", 5, 1)
    gateway("on_request_headers", 5, 10, 1)
    gateway("on_log", 5)
    gateway("on_delete", 5)
    assert calls == [("on-request-headers", 5, 1, 1), ("on-log", 5)]


def test_streams_that_are_created_ahead_are_made_known(
    gateway: Callable[..., object], calls: list[tuple[object, ...]]
) -> None:
    gateway("on_context_create", 5, 1)
    gateway("on_context_create", 6, 2)
    gateway("on_request_headers", 5, 10, 0)
    gateway("on_request_headers", 6, 10, 0)
    assert calls == [("on-context-create", 5, 1), ("on-request-headers", 5, 0, 0), ("on-request-headers", 6, 2, 0)]


def test_the_guest_never_hears_of_a_stream_that_does_not_begin(
    gateway: Callable[..., object], calls: list[tuple[object, ...]]
) -> None:
    gateway("on_context_create", 5, 1)
    gateway("on_log", 5)
    gateway("on_context_create", 6, 1)
    gateway("on_delete", 6)
    assert calls == []


def test_root_contexts_and_streams_without_a_log_are_deleted(
    gateway: Callable[..., object], calls: list[tuple[object, ...]]
) -> None:
    gateway("on_context_create", 1, 0)
    gateway("on_context_create", 5, 1)
    gateway("on_request_headers", 5, 10, 1)
    gateway("on_delete", 5)
    gateway("on_delete", 1)
    assert calls[1:] == [("on-delete", 5), ("on-delete", 1)]
