"""Compiled value conversion, through a guest that returns what it is given."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.host.memory import needs_linux, resident
from wasmtime import component as wasm

from proxywasm_host.wasm import functions
from proxywasm_host.wasm.engine import Engine
from proxywasm_host.wasm.functions import Misfit, Signature

pytestmark = pytest.mark.exhaustive  # its guest is built for these tests alone

HOST = "tests:values/host"

texts = st.text(st.characters(exclude_categories=["Cs"]))
items = st.tuples(st.integers(0, 2**8 - 1), st.integers(-(2**15), 2**15 - 1), st.none() | texts)
shapes = st.one_of(
    st.just(("none", None)),
    st.tuples(st.just("text"), texts),
    st.tuples(st.just("number"), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just("items"), st.lists(items)),
)
numbers = st.tuples(
    *[
        st.integers(low, high)
        for bits in (8, 16, 32, 64)
        for low, high in [(0, 2**bits - 1), (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)]
    ]
)


class Guest:
    """An instance of the guest; `answer` is what its imports call."""

    def __init__(self, engine: wasmtime.Engine, code: wasm.Component) -> None:
        self.answer: Callable[[str, Any], Any] = lambda _, value: value
        host = code.type.imports(engine)[HOST].ty
        assert isinstance(host, wasm.ComponentInstanceType)
        linker = wasm.Linker(engine)
        linker.add_wasip2()
        with linker.root() as root, root.add_instance(HOST) as parent:
            for name, extern in host.exports(engine).items():
                if isinstance(extern.ty, wasm.FuncType):
                    Signature(name, extern.ty).define(parent, name, self._answering(name))
        self.store = wasmtime.Store(engine)
        self.store.set_wasi(wasmtime.WasiConfig())
        self.store.set_epoch_deadline(2**40)  # never: the engine has epochs for those who have deadlines
        self.instance = linker.instantiate(self.store, code)
        self.call: dict[str, Callable[..., Any]] = {}
        for name, extern in code.type.exports(engine).items():
            if isinstance(extern.ty, wasm.FuncType):
                func = self.instance.get_func(self.store, name)
                assert func is not None
                self.call[name] = Signature(name, extern.ty).bind(self.store, func)

    def _answering(self, name: str) -> Callable[[Any], Any]:
        this = weakref.ref(self)

        def answer(value: Any) -> Any:
            guest = this()
            assert guest is not None
            return guest.answer(name, value)

        return answer


@pytest.fixture(scope="module")
def code(engine: Engine, values_guest: Path) -> wasm.Component:
    return engine.compile(values_guest)


@pytest.fixture(scope="module")
def shared(engine: Engine, code: wasm.Component) -> Guest:
    """For tests that leave the guest as it was."""
    return Guest(engine.engine, code)


@pytest.fixture
def guest(engine: Engine, code: wasm.Component) -> Guest:
    return Guest(engine.engine, code)


@pytest.mark.parametrize(
    ("function", "strategy"),
    [
        ("text", texts),
        ("host-text", texts),
        ("shape", shapes),
        ("host-shape", shapes),
        ("raw", st.binary()),
        ("host-raw", st.binary()),
        ("numbers", numbers),
        ("floats", st.tuples(st.floats(width=32, allow_nan=False), st.floats(allow_nan=False))),
        ("color", st.sampled_from(["red", "green", "dark-blue"])),
        ("maybe", st.none() | st.lists(texts)),
        ("outcome", st.just(("ok", None)) | st.tuples(st.just("err"), st.tuples(texts, st.booleans()))),
    ],
)
def test_what_goes_in_comes_out(shared: Guest, function: str, strategy: st.SearchStrategy[Any]) -> None:
    @settings(max_examples=60)
    @given(strategy)
    def check(value: Any) -> None:
        assert shared.call[function](value) == value

    check()


def test_several_parameters_keep_their_order(shared: Guest) -> None:
    assert shared.call["phase"](2**32 - 1, ("utf8", "é"), False) == ("utf8", "é")
    assert shared.call["phase"](0, ("latin1", ""), True) == ("latin1", "")


def test_no_parameters_and_no_result(shared: Guest) -> None:
    assert shared.call["nothing"]() is None
    assert shared.call["host-nothing"](1) is None


def test_a_host_function_returns_either_case_of_a_result(guest: Guest) -> None:
    guest.answer = lambda _, value: ("ok", int(value)) if value.isdigit() else ("err", f"no number: {value}")
    assert guest.call["host-outcome"]("12") == "12"
    assert guest.call["host-outcome"]("é") == "no number: é"


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("text", (1,), "text: value: expected str, got int"),
        ("text", (b"",), "text: value: expected str, got bytes"),
        ("text", ("a\ud800",), "text: value: .* surrogates not allowed"),
        ("text", (), "text: takes 1 arguments, got 0"),
        ("text", ("", ""), "text: takes 1 arguments, got 2"),
        ("phase", (-1, ("utf8", ""), True), "phase: number: "),
        ("phase", (2**32, ("utf8", ""), True), "phase: number: "),
        ("phase", (1.0, ("utf8", ""), True), "phase: number: "),
        ("phase", (1, ("utf8", ""), 1), "phase: last: expected bool, got int"),
        ("phase", (1, ("utf16", ""), True), r"phase: body: expected \(case, value\) with one of utf8, latin1"),
        ("phase", (1, "utf8", True), r"phase: body: expected \(case, value\)"),
        ("phase", (1, None, True), r"phase: body: expected \(case, value\)"),
        ("phase", (1, ("utf8", "\udfff"), True), "phase: body: .* surrogates not allowed"),
        ("shape", (("none", 0),), "shape: value: expected None, got int"),
        ("shape", (("items", ((1, 2, None),)),), "shape: value: expected list, got tuple"),
        ("shape", (("items", [(1, 2)]),), r"expected tuple \(small, signed, text\), got tuple"),
        ("shape", (("items", [(1, 2, "a"), (1, 2, 3)]),), "expected str, got int"),
        ("numbers", ((1,),), "expected tuple of 8, got tuple"),
        ("color", ("blue",), "color: value: expected one of red, green, dark-blue, got 'blue'"),
        ("color", ([],), "color: value: expected one of"),
        ("raw", ("a",), "raw: value: expected bytes, got str"),
        ("outcome", (("maybe", None),), "outcome: value: expected"),
        ("ambiguous", (None,), "an option of an option has no Python value"),
    ],
)
def test_a_misfit_names_its_parameter(shared: Guest, function: str, arguments: Any, message: str) -> None:
    with pytest.raises(Misfit, match=message):
        shared.call[function](*arguments)
    assert shared.call["text"]("still alive") == "still alive"


class OurError(Exception):
    pass


def fail(error: BaseException) -> Callable[[str, Any], Any]:
    def answer(_name: str, _value: Any) -> Any:
        raise error

    return answer


@pytest.mark.parametrize("error", [OurError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_what_a_host_function_raises_reaches_the_caller(guest: Guest, error: BaseException) -> None:
    guest.answer = fail(error)
    with pytest.raises(type(error)) as caught:
        guest.call["host-text"]("")
    assert caught.value is error
    assert functions.host_exception() is None


def test_a_wrong_result_of_a_host_function_reaches_the_caller(guest: Guest) -> None:
    guest.answer = lambda *_: 1
    with pytest.raises(TypeError, match="text: result: expected str, got int") as caught:
        guest.call["host-text"]("")
    assert not isinstance(caught.value, Misfit), "guest code has run"


def test_an_abandoned_guest_traps(guest: Guest) -> None:
    guest.answer = fail(OurError())
    with pytest.raises(OurError):
        guest.call["host-text"]("")
    with pytest.raises(wasmtime.WasmtimeError, match="cannot enter component instance"):
        guest.call["text"]("")


def test_a_host_function_may_call_another_instance(guest: Guest, shared: Guest) -> None:
    guest.answer = lambda _, value: shared.call["text"](value) + shared.call["host-text"]("!")
    assert guest.call["host-text"]("nested") == "nested!"


def test_an_exception_crosses_two_instances(guest: Guest, engine: Engine, code: wasm.Component) -> None:
    inner = Guest(engine.engine, code)
    inner.answer = fail(OurError("inner"))
    guest.answer = lambda _, value: inner.call["host-text"](value)
    with pytest.raises(OurError, match="inner"):
        guest.call["host-text"]("")


def test_instances_run_in_different_threads(engine: Engine, code: wasm.Component) -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        guest = Guest(engine.engine, code)
        for turn in range(200):
            text = f"{number}/{turn}" * 50
            if guest.call["host-text"](text) != text:
                wrong.append(text)
        guest.answer = fail(OurError(number))
        try:
            guest.call["host-text"]("")
        except OurError as error:
            if error.args != (number,):
                wrong.append(f"{number} got the exception of {error.args}")

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_closed_store_is_refused(guest: Guest) -> None:
    guest.store.close()
    with pytest.raises(ValueError, match="already closed"):
        guest.call["text"]("")


def test_host_functions_go_with_their_instance(engine: Engine, code: wasm.Component) -> None:
    gc.collect()
    before = len(functions._answers)
    guest = Guest(engine.engine, code)
    assert len(functions._answers) > before
    del guest
    gc.collect()
    assert len(functions._answers) == before


BIG = "x" * 10_240


@pytest.mark.slow
@needs_linux
@pytest.mark.parametrize(
    ("function", "arguments", "fits"),
    [
        ("text", (BIG,), True),
        ("phase", (1, ("latin1", BIG), False), True),
        ("host-shape", (("items", [(1, 2, BIG), (3, 4, None)]),), True),
        ("shape", (("items", [(1, 2, BIG), (3, 4, 5)]),), False),
    ],
)
def test_nothing_leaks(shared: Guest, function: str, arguments: Any, fits: bool) -> None:
    """20,000 calls with 10 KB: one lost copy a call would be 200 MB."""
    call = shared.call[function]

    def run(count: int) -> None:
        for _ in itertools.repeat(None, count):
            try:
                call(*arguments)
            except Misfit:
                assert not fits

    run(2_000)
    before = resident()
    run(20_000)
    assert resident() - before < 5_000_000
