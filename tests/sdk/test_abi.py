"""The parts of the Proxy-Wasm adapter that need no gateway."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm.abi.calls import Gateway, Status, status_name
from proxywasm.abi.injection import injection_arguments, whole_characters
from proxywasm.abi.pairs import join_pairs, split_pairs
from proxywasm.abi.port import Port
from proxywasm.wire import MetricKind

NO_NUL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(NO_NUL, NO_NUL)))
def test_header_maps_are_read_as_they_were_written(fields: list[tuple[str, str]]) -> None:
    assert split_pairs(join_pairs(fields)) == fields


@given(st.lists(st.tuples(NO_NUL, NO_NUL)))
def test_the_sizes_of_a_header_map_are_those_of_its_bytes(fields: list[tuple[str, str]]) -> None:
    raw = join_pairs(fields)
    (count,) = struct.unpack_from("<I", raw)
    sizes = struct.unpack_from(f"<{2 * count}I", raw, 4)
    position = 4 + 8 * count
    for size, text in zip(sizes, [text for field in fields for text in field], strict=True):
        assert raw[position : position + size] == text.encode()
        assert raw[position + size] == 0
        position += size + 1
    assert position == len(raw)


def test_a_header_map_that_is_not_there_has_no_fields() -> None:
    assert split_pairs(None) == split_pairs(b"") == []


@given(st.text(), st.integers(min_value=0))
def test_an_injection_for_higress_is_never_cut_inside_a_character(text: str, position: int) -> None:
    data = text.encode()
    cut = position % (len(data) + 1)
    first, rest = whole_characters(data[:cut], final=False)
    second, nothing = whole_characters(rest + data[cut:], final=True)
    assert first.decode() + second.decode() == text
    assert nothing == b""


def test_an_injection_for_higress_is_a_protocol_buffers_message() -> None:
    """Field 1, length 300 as a varint; field 2, true (https://protobuf.dev/programming-guides/encoding/)."""
    assert injection_arguments(b"x" * 300, end_of_stream=True) == b"\x0a\xac\x02" + b"x" * 300 + b"\x10\x01"
    assert injection_arguments(b"", end_of_stream=False) == b"\x0a\x00"


def test_a_status_has_its_name() -> None:
    assert status_name(Status.BAD_ARGUMENT) == "status 2, bad argument"
    assert status_name(99) == "status 99"


class RefusedError(Exception):
    """As the bindings raise it for a status that is not 0."""

    value = int(Status.INTERNAL_FAILURE)


class Refusing:
    """A gateway that refuses everything."""

    def set_effective_context(self, context: int) -> int:
        return Status.OK

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(*arguments: object) -> Any:
            raise RefusedError

        return refuse


@pytest.mark.parametrize(
    "attempt",
    [
        lambda port: port.define_metric(MetricKind.COUNTER, "requests"),
        lambda port: port.get_metric(1),
        lambda port: port.http_call(1, "service", [(":path", "/")], b"", 100),
        lambda port: port.call_foreign_function("f", b""),
    ],
    ids=["define_metric", "get_metric", "http_call", "call_foreign_function"],
)
def test_what_a_gateway_refuses_does_not_begin_with_an_error_of_the_bindings(attempt: Callable[[Port], object]) -> None:
    port = Port(Gateway(cast("Any", Refusing()), None, RefusedError), 1, lambda _: "")
    with pytest.raises(Exception, match=r"refused|cannot|no host") as caught:
        attempt(port)
    assert not isinstance(caught.value, RefusedError)
    assert caught.value.__context__ is None
