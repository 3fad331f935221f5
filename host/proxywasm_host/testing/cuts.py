"""Ways to cut a body into chunks. Networks cut anywhere, which must not change a plugin's result.

The functions that end in a list or an iterator go with `pytest.mark.parametrize` and loops; `any_chunks` is a
strategy for hypothesis.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def any_chunks(data: bytes, *, max_cuts: int = 8) -> SearchStrategy[list[bytes]]:
    """Cut anywhere, also twice at one place, at the start and at the end: chunks may be empty.

    It shrinks towards no cut, then towards early ones.
    """
    # Imported late: the rest of the kit works without hypothesis.
    from hypothesis import strategies as st  # noqa: PLC0415

    places = st.lists(st.integers(0, len(data)), max_size=max_cuts)
    return places.map(lambda cuts: chunks_at(data, *cuts))


def every_two_chunks(data: bytes) -> Iterator[list[bytes]]:
    """One cut, at each place in turn: all ways in which an event may arrive in two pieces."""
    for place in range(1, len(data)):
        yield chunks_at(data, place)


def single_bytes(data: bytes) -> list[bytes]:
    """A chunk for every byte."""
    return [data[index : index + 1] for index in range(len(data))]


def inside_characters(data: bytes) -> list[bytes]:
    """Cut after the first byte of every character that has more than one, so that none arrives whole."""
    return chunks_at(data, *(index + 1 for index, byte in enumerate(data) if byte >= 0xC0))


def with_empty_end(chunks: list[bytes]) -> list[bytes]:
    """End with an empty chunk, like chunked bodies of HTTP/1.1: the last bytes arrive before the end is known."""
    return [*chunks, b""]


def chunks_at(data: bytes, *places: int) -> list[bytes]:
    """
    >>> chunks_at(b"abcd", 1, 3)
    [b'a', b'bc', b'd']
    """
    edges = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]
