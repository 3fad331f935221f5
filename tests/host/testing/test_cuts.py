"""Cutting loses nothing and covers what it says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxywasm.testing import any_chunks, every_two_chunks, inside_characters, single_bytes, with_empty_end

TEXTS = st.text(max_size=20).map(str.encode)


@given(TEXTS, st.data())
def test_chunks_make_the_whole_again(body: bytes, data: st.DataObject) -> None:
    assert b"".join(data.draw(any_chunks(body))) == body
    assert b"".join(inside_characters(body)) == body
    assert all(b"".join(chunks) == body for chunks in every_two_chunks(body))


@given(st.text(alphabet="é中🙂", min_size=1).map(str.encode))
def test_no_character_comes_whole(body: bytes) -> None:
    for chunk in inside_characters(body):
        assert chunk.decode(errors="replace").count("\ufffd") == len(chunk.decode(errors="replace"))


def test_every_place_is_cut_once() -> None:
    assert list(every_two_chunks(b"abc")) == [[b"a", b"bc"], [b"ab", b"c"]]
    assert single_bytes(b"abc") == [b"a", b"b", b"c"]
    assert with_empty_end([b"a"]) == [b"a", b""]
