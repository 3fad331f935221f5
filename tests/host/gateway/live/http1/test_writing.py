"""Writing HTTP/1.1: another implementation reads it, and no field can end its head."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm.text import to_text
from proxywasm_host.gateway.live.http1.writing import chunk, last_chunk, request_head, response_head

TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1, max_size=20)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30).map(
    str.strip
)
FIELDS = st.lists(st.tuples(st.just("x-").flatmap(lambda start: TOKEN.map(start.__add__)), VALUE), max_size=8)


def read(role: type[h11.SERVER] | type[h11.CLIENT], data: bytes) -> list[h11.Event]:
    connection = h11.Connection(role)
    if role is h11.CLIENT:
        connection.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
        connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    events: list[h11.Event] = []
    while isinstance(event := connection.next_event(), h11.Event):
        events.append(event)
        if isinstance(event, h11.EndOfMessage):
            break
    return events


@given(fields=FIELDS, body=st.lists(st.binary(min_size=1, max_size=50)), trailers=FIELDS)
def test_another_implementation_reads_requests(
    fields: list[tuple[str, str]], body: list[bytes], trailers: list[tuple[str, str]]
) -> None:
    pseudo = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/x?y")]
    data = request_head(pseudo + fields, [("transfer-encoding", "chunked")])
    events = read(h11.SERVER, data + b"".join(map(chunk, body)) + last_chunk(trailers))
    head, *parts, end = events
    assert isinstance(head, h11.Request)
    assert (head.method, head.target) == (b"POST", b"/x?y")
    told = [(name.decode(), to_text(value)) for name, value in head.headers]
    assert told == [("host", "a"), *fields, ("transfer-encoding", "chunked")]
    assert b"".join(part.data for part in parts if isinstance(part, h11.Data)) == b"".join(body)
    assert isinstance(end, h11.EndOfMessage)
    assert [(name.decode(), to_text(value)) for name, value in end.headers] == trailers


@given(fields=FIELDS, status=st.integers(200, 599))
def test_another_implementation_reads_responses(fields: list[tuple[str, str]], status: int) -> None:
    head = read(h11.CLIENT, response_head([(":status", str(status)), *fields], [("content-length", "0")]))[0]
    assert isinstance(head, h11.Response)
    assert head.status_code == status
    assert [(name.decode(), to_text(value)) for name, value in head.headers] == [*fields, ("content-length", "0")]


@pytest.mark.parametrize("bad", ["a\r\nb: c", "a\nb", "a\rb", "a\0b"])
def test_no_field_ends_its_head(bad: str) -> None:
    for fields in ([(":status", "200"), ("x", bad)], [(":status", "200"), (bad, "x")]):
        with pytest.raises(ValueError, match="line break"):
            response_head(fields)
    with pytest.raises(ValueError, match="line break"):
        last_chunk([("x", bad)])
    request = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")]
    with pytest.raises(ValueError, match="line break"):
        request_head([*request, ("x", bad)])
    for index in (0, 2, 3):
        with pytest.raises(ValueError, match=r"line break|method or the path"):
            request_head([(name, bad if at == index else value) for at, (name, value) in enumerate(request)])


@pytest.mark.parametrize("status", ["", "99", "1000", "abc", "²00", "-20"])
def test_no_other_status_leaves(status: str) -> None:
    with pytest.raises(ValueError, match="three digits"):
        response_head([(":status", status)])
