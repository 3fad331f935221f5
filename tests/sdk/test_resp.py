"""The Redis protocol: whatever the chunking, the same values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm import RedisError
from proxywasm.resp import RespDecoder, RespError, RespValue, decode, encode_command, encode_value

scalars = (
    st.binary(max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.none()
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=10).map(RedisError)
)
values: st.SearchStrategy[RespValue] = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4), max_leaves=12)


@given(st.lists(values, max_size=4), st.data())
def test_any_chunking_gives_the_same_values(given_: list[RespValue], data: st.DataObject) -> None:
    raw = b"".join(encode_value(value) for value in given_)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    decoder = RespDecoder()
    decoded = []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        decoded += decoder.feed(raw[start:end])
    decoder.close()
    assert decoded == given_


@given(values)
def test_a_value_is_given_with_its_last_byte(value: RespValue) -> None:
    raw = encode_value(value)
    decoder = RespDecoder()
    assert [decoder.feed(raw[i : i + 1]) for i in range(len(raw))] == [[]] * (len(raw) - 1) + [[value]]


@given(values, st.integers(1))
def test_a_value_that_is_cut_off_is_an_error(value: RespValue, cut: int) -> None:
    raw = encode_value(value)
    decoder = RespDecoder()
    decoder.feed(raw[: cut % len(raw) or 1])
    if len(raw) > 1:
        with pytest.raises(RespError, match="the end of a value is missing"):
            decoder.close()


@given(st.binary(max_size=40))
def test_what_is_not_resp_is_an_error_and_nothing_worse(raw: bytes) -> None:
    decoder = RespDecoder()
    try:
        decoder.feed(raw)
        decoder.close()
    except RespError:
        pass


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"+OK\r\n", b"OK"),
        (b"-WRONGTYPE no\r\n", RedisError("WRONGTYPE no")),
        (b":-5\r\n", -5),
        (b"$5\r\na\r\nbc\r\n", b"a\r\nbc"),
        (b"$0\r\n\r\n", b""),
        (b"*-1\r\n", None),
        (b"*0\r\n", []),
        (b"*2\r\n*0\r\n*1\r\n$-1\r\n", [[], [None]]),
    ],
)
def test_every_kind_of_value(raw: bytes, value: RespValue) -> None:
    assert decode(raw) == value


@pytest.mark.parametrize("raw", [b"", b"+a\r\n+b\r\n", b"?\r\n", b":x\r\n", b"$-2\r\n", b"*x\r\n", b"$1\r\nab\r\n"])
def test_what_is_not_one_value_is_refused(raw: bytes) -> None:
    with pytest.raises(RespError):
        decode(raw)


def test_a_deep_list_does_not_exhaust_the_stack() -> None:
    decoder = RespDecoder()
    depth = 100_000
    assert decoder.feed(b"*1\r\n" * depth) == []
    assert len(decoder.feed(b":1\r\n")) == 1


def test_arguments_are_sent_as_strings() -> None:
    assert decode(encode_command(["SET", b"\xff", 5, 1.5])) == [b"SET", b"\xff", b"5", b"1.5"]
    with pytest.raises(TypeError, match="an argument of a Redis command is bytes, str, int or float, got True"):
        encode_command([True])
