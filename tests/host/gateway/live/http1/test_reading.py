"""Reading HTTP/1.1: h11 is the other reader, and both have to understand the same or one has to refuse."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import ClassVar

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxywasm.text import to_text
from proxywasm.wire import Fields
from proxywasm_host.gateway.live.http1.messages import MessageError, RequestHead, ResponseHead
from proxywasm_host.gateway.live.http1.requests import RequestReader
from proxywasm_host.gateway.live.http1.responses import ResponseReader

LARGEST = 4096


@dataclass
class Message:
    fields: Fields
    body: bytes = b""
    trailers: Fields | None = None
    """None: the message has no end."""


@dataclass
class Told:
    """What a reader has told, message by message."""

    messages: list[Message] = field(default_factory=list)
    informational: list[Fields] = field(default_factory=list)
    heads: list[RequestHead | ResponseHead] = field(default_factory=list)

    def on_informational(self, fields: Fields) -> None:
        self.informational.append(fields)

    def on_head(self, head: RequestHead | ResponseHead) -> None:
        self.heads.append(head)
        self.messages.append(Message(head.fields))

    def on_body(self, data: bytes) -> None:
        assert data
        self.messages[-1].body += data

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        self.messages[-1].body += rest
        self.messages[-1].trailers = trailers


def requests(*chunks: bytes) -> Told:
    told = Told()
    reader = RequestReader(told, scheme="http", largest_head=LARGEST)
    for data in chunks:
        reader.feed(data)
    return told


def responses(*chunks: bytes, method: str = "GET", closed: bool = False) -> Told:
    told = Told()
    reader = ResponseReader(told, largest_head=LARGEST)
    reader.expect(method)
    for data in chunks:
        reader.feed(data)
    if closed:
        reader.end()
    return told


def of_h11(role: type[h11.SERVER] | type[h11.CLIENT], data: bytes, most: int = 100) -> list[Message]:
    """The messages that h11 finds. Raises `h11.RemoteProtocolError`."""
    found: list[Message] = []
    # Empty lines between messages mean nothing (RFC 9112, 2.2).
    while (data := data.lstrip(b"\r\n")) and len(found) < most:
        connection = h11.Connection(role, max_incomplete_event_size=1 << 20)
        if role is h11.CLIENT:
            connection.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
            connection.send(h11.EndOfMessage())
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request | h11.Response):
                found.append(Message([(name.decode(), to_text(value)) for name, value in event.headers]))
            elif isinstance(event, h11.Data):
                found[-1].body += event.data
            elif isinstance(event, h11.EndOfMessage):
                found[-1].trailers = [(name.decode(), to_text(value)) for name, value in event.headers]
                break
            elif event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return found
        data = connection.trailing_data[0]
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    borders = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(borders)]


IN_CHUNKS = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-A: 1\r\n\r\n"
CHUNKS = (
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n"
)
LENGTH = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"


def test_a_request() -> None:
    (message,) = requests(GET).messages
    assert message.fields == [
        (":method", "GET"), (":scheme", "http"), (":authority", "example.com"), (":path", "/a?b=c"), ("x-a", "1"),
    ]  # fmt: skip
    assert message.body == b""
    assert message.trailers == []


def test_a_body_in_chunks_with_trailers() -> None:
    (message,) = requests(CHUNKS).messages
    assert message.body == b"abcde"
    assert message.trailers == [("x-t", "1")]
    assert "transfer-encoding" not in dict(message.fields)


def test_bytes_that_come_at_once_are_told_at_once() -> None:
    class Listing(Told):
        calls: ClassVar[list[tuple[str, bytes]]] = []

        def on_body(self, data: bytes) -> None:
            self.calls.append(("body", data))
            super().on_body(data)

        def on_end(self, rest: bytes, trailers: Fields) -> None:
            self.calls.append(("end", rest))
            super().on_end(rest, trailers)

    reader = RequestReader(Listing(), scheme="http", largest_head=LARGEST)
    reader.feed(CHUNKS)
    assert Listing.calls == [("end", b"abcde")]
    Listing.calls.clear()
    reader.feed(CHUNKS[:-4])
    reader.feed(CHUNKS[-4:])
    assert Listing.calls == [("body", b"abcde"), ("end", b"")]


@given(places=st.lists(st.integers(0, 500), max_size=8))
def test_it_does_not_matter_where_the_bytes_are_cut(places: list[int]) -> None:
    data = CHUNKS + LENGTH + GET
    assert requests(*cut(data, places)).messages == requests(data).messages


SMUGGLING = {
    "length and chunks": IN_CHUNKS.replace(b"Host", b"Content-Length: 3\r\nHost") + b"0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "the same length twice": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
    "a signed length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "another coding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
    "nearly chunked": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a bare LF": b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n",
    "a bare CR": b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\x002\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a host with a login": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "a chunk without its end": IN_CHUNKS + b"1\r\nab\r\n0\r\n\r\n",
    "a chunk's size with a bare LF": IN_CHUNKS + b"1\na\r\n0\r\n\r\n",
    "a huge chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"F" * 20 + b"\r\na",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a hidden length": b"POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 1\r\n\r\na",
    "a tunnel": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a target that is no path": b"GET a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00",
}


@pytest.mark.parametrize("what", SMUGGLING)
@pytest.mark.parametrize("whole", [True, False])
def test_what_could_be_understood_differently_is_refused(what: str, whole: bool) -> None:
    data = SMUGGLING[what]
    with pytest.raises(MessageError) as caught:
        requests(*([data] if whole else [data[at : at + 1] for at in range(len(data))]))
    assert caught.value.status in (400, 501, 505)


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
        b"GET / HTTP/1.1\r\nHost: a\r\nX",
        CHUNKS[: CHUNKS.index(b"X-T")],
        CHUNKS[: CHUNKS.index(b"X-T")] + b"X-T: ",
        CHUNKS[: CHUNKS.index(b";x=y") + 4],
    ],
)
def test_nothing_that_is_kept_grows_without_end(beginning: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        requests(beginning, b"a" * LARGEST, b"a" * LARGEST)
    assert caught.value.status in (414, 431)


def test_many_small_headers_are_bounded() -> None:
    with pytest.raises(MessageError, match="header fields are longer"):
        requests(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: 1\r\n" * 1000)


def test_an_absolute_target_says_the_host() -> None:
    (message,) = requests(b"GET http://b.example/x HTTP/1.1\r\nHost: a\r\n\r\n").messages
    assert dict(message.fields)[":authority"] == "b.example"
    assert dict(message.fields)[":path"] == "/x"


def test_headers_of_the_connection_stay_behind() -> None:
    data = GET.replace(b"X-A: 1", b"Connection: x-hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers")
    (message,) = requests(data).messages
    assert [name for name, _ in message.fields if name[0] != ":"] == []


@pytest.mark.parametrize(
    ("head", "upgrade"), [(b"Upgrade: websocket\r\n", "websocket"), (b"Upgrade: h2c\r\n", ""), (b"", "")]
)
def test_only_websockets_are_upgrades(head: bytes, upgrade: str) -> None:
    told = Told()
    reader = RequestReader(told, scheme="http", largest_head=LARGEST)
    rest = reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n" + head + b"\r\n" + GET)
    assert told.heads[0].upgrade == upgrade
    assert rest == (GET if upgrade else None)
    assert len(told.messages) == (1 if upgrade else 2)


def test_a_client_may_wait_until_its_body_is_wanted() -> None:
    told = requests(LENGTH.replace(b"Host", b"Expect: 100-continue\r\nHost"))
    assert isinstance(told.heads[0], RequestHead)
    assert told.heads[0].expects


# Mutations: what this reader takes, h11 takes as the same messages.

PIECES = st.sampled_from([
    b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b";", b"0", b"1", b"3", b"a", b"\0", b"chunked", b"gzip",
    b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"Connection: close\r\n", b"HTTP/1.0",
    b"0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\xff", b"-1", b"+", b"0x", b"\x0b", b"X: 1\r\n",
])  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, bases: tuple[bytes, ...]) -> bytes:
    data = b"".join(draw(st.lists(st.sampled_from(bases), min_size=1, max_size=2)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 6)))
        data = data[:start] + draw(PIECES | st.just(b"")) + data[end:]
    return data


def without_connection(message: Message) -> tuple[bytes, Fields | None]:
    return message.body, message.trailers


@settings(max_examples=300)
@given(data=mutated((GET, CHUNKS, LENGTH)))
@example(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
def test_requests_are_what_another_reader_takes_them_for(data: bytes) -> None:
    try:
        told = requests(data)
    except MessageError:
        return
    if not told.messages:
        return
    try:
        theirs = of_h11(h11.SERVER, data)
    except h11.RemoteProtocolError as error:
        # llhttp takes several spaces between method, target and version; nothing depends on them.
        assert "illegal request line" in str(error)  # noqa: PT017
        return
    assert [message.body for message in told.messages] == [message.body for message in theirs]
    assert [message.trailers is None for message in told.messages] == [one.trailers is None for one in theirs]


@given(
    data=mutated((
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n",
    ))
)  # fmt: skip
def test_responses_are_what_another_reader_takes_them_for(data: bytes) -> None:
    told = Told()
    reader = ResponseReader(told, largest_head=LARGEST)
    reader.expect("GET")
    try:
        reader.feed(data)
    except MessageError:
        return
    if not told.messages:
        return
    try:
        theirs = of_h11(h11.CLIENT, data, most=1)
    except h11.RemoteProtocolError as error:
        # llhttp takes anything for a reason, which does not go on.
        assert "illegal status line" in str(error)  # noqa: PT017
        return
    assert [message.body for message in told.messages] == [message.body for message in theirs]
    assert [message.trailers is None for message in told.messages] == [one.trailers is None for one in theirs]


@given(data=st.binary(max_size=300))
def test_any_bytes_are_messages_or_refused(data: bytes) -> None:
    for read in (requests, responses):
        try:
            read(data)
        except MessageError as error:
            assert 400 <= error.status < 600  # noqa: PT017


# Responses.


def test_a_response_that_ends_with_the_connection() -> None:
    (message,) = responses(b"HTTP/1.1 200 OK\r\n\r\nabc", b"def", closed=True).messages
    assert (message.body, message.trailers) == (b"abcdef", [])


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", CHUNKS[-30:], b"HTTP/1.1 2", b""])
def test_a_response_that_is_cut_off_is_an_error(data: bytes) -> None:
    with pytest.raises(MessageError):
        responses(data, closed=True)


def test_the_response_to_head_has_no_body() -> None:
    told = Told()
    reader = ResponseReader(told, largest_head=LARGEST)
    for _ in range(2):
        reader.expect("HEAD")
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        assert reader.keep_alive
        assert not reader.surplus
    reader.expect("GET")
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
    assert [message.body for message in told.messages] == [b"", b"", b"abc"]
    assert all(message.trailers == [] for message in told.messages)


def test_a_body_after_head_is_surplus() -> None:
    told = Told()
    reader = ResponseReader(told, largest_head=LARGEST)
    reader.expect("HEAD")
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
    assert reader.surplus
    assert told.messages[0].body == b""


def test_what_nobody_asked_for_is_surplus() -> None:
    told = Told()
    reader = ResponseReader(told, largest_head=LARGEST)
    reader.expect("GET")
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na" * 2)
    assert reader.surplus
    assert len(told.messages) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: hunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Content-Length: 3\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_response_whose_end_is_not_certain_is_refused(head: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        responses(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n3\r\nabc\r\n0\r\n\r\n")
    assert caught.value.status == 502


def test_informational_responses_come_before_the_response() -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No\r\n\r\n"
    told = responses(data)
    assert told.informational == [[(":status", "100")], [(":status", "103"), ("link", "</a>")]]
    assert [message.fields[0] for message in told.messages] == [(":status", "204")]


def test_an_upgrade_leaves_the_rest_to_others() -> None:
    told = Told()
    reader = ResponseReader(told, largest_head=LARGEST)
    reader.expect("GET", "websocket")
    rest = reader.feed(b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nraw")
    assert rest == b"raw"
    assert isinstance(told.heads[0], ResponseHead)
    assert told.heads[0].upgrade == "websocket"
