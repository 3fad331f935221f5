"""Clients, upstreams and plugins that do what they should not: each has a defined end and a line in the log, and
everything else goes on.

More of the same: `http1/test_reading.py` (the reader alone), `../test_limits.py` and `../test_tls.py` (both engines).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from pathlib import Path

import pytest
from tests.host.gateway.live.scene import OK, Scene, Upstream, body_of, run, until

PLUGINS = Path(__file__).parent / "plugins"
POST = b"POST /x HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED: dict[str, tuple[int, bytes]] = {
    "two lengths": (400, POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "one length twice": (400, POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na"),
    "a list of lengths": (400, POST + b"Content-Length: 1, 1\r\n\r\na"),
    "a length with a sign": (400, POST + b"Content-Length: +1\r\n\r\na"),
    "a negative length": (400, POST + b"Content-Length: -1\r\n\r\na"),
    "a length that overflows": (400, POST + b"Content-Length: 18446744073709551617\r\n\r\na"),
    "length, then chunks": (400, POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunks, then length": (400, POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"),
    "a coding before chunks": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "a coding after chunks": (400, POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    "chunks twice": (400, POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "two codings": (400, POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "an unknown coding": (501, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "a coding with parameters": (501, POST + b"Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
    "a coding with a vertical tab": (400, POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "chunks in HTTP/1.0": (400, CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n"),
    "connection names the length": (400, POST + b"Connection: content-length\r\nContent-Length: 1\r\n\r\na"),
    "lines without CR": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "one line without CR": (400, b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    "a CR alone": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n"),
    "a folded line": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"),
    "a folded coding": (400, POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    "a space before the colon": (400, POST + b"Content-Length : 1\r\n\r\na"),
    "a space before the first name": (400, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    "a space in a name": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"),
    "no colon": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
    "a NUL": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "a host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "no version": (505, b"GET /\r\n\r\n"),
    "another version": (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    "the preface of HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a target that is no path": (400, b"GET x HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a fragment": (400, b"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an unknown method": (501, b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a tunnel": (501, b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    "TLS": (501, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "a long header": (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"),
    "many headers": (431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: b\r\n" * 20_000 + b"\r\n"),
    "a long name": (431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X" * 70_000 + b": b\r\n\r\n"),
    "a long target": (414, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a chunk size that is no number": (400, CHUNKED + b"x\r\na\r\n0\r\n\r\n"),
    "a chunk size with a prefix": (400, CHUNKED + b"0x1\r\na\r\n0\r\n\r\n"),
    "a chunk size with a sign": (400, CHUNKED + b"+1\r\na\r\n0\r\n\r\n"),
    "a chunk size after a space": (400, CHUNKED + b" 1\r\na\r\n0\r\n\r\n"),
    "a chunk size that overflows": (400, CHUNKED + b"10000000000000001\r\na\r\n0\r\n\r\n"),
    "no chunk size": (400, CHUNKED + b"\r\na\r\n0\r\n\r\n"),
    "a chunk that is too long": (400, CHUNKED + b"1\r\nab\r\n0\r\n\r\n"),
    "a chunk that ends with LF": (400, CHUNKED + b"1\r\na\n0\r\n\r\n"),
    "a chunk size that ends with LF": (400, CHUNKED + b"1\na\r\n0\r\n\r\n"),
    "an endless chunk extension": (431, CHUNKED + b"1;" + b"a" * 200_000 + b"\r\na\r\n0\r\n\r\n"),
    "a malformed chunk extension": (400, CHUNKED + b'1;a="b\nc"\r\na\r\n0\r\n\r\n'),
    "a malformed trailer": (400, CHUNKED + b"0\r\nX Y: a\r\n\r\n"),
    "endless trailers": (431, CHUNKED + b"0\r\n" + b"X: b\r\n" * 20_000 + b"\r\n"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_request_that_two_servers_could_understand_differently_is_refused(what: str) -> None:
    status, request = MALFORMED[what]

    async def talk(scene: Scene) -> None:
        reader, writer = await scene.connect()
        writer.write(request + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await everything(reader)
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"\r\nconnection: close\r\n" in answer
        writer.close()
        (line,) = scene.messages
        assert line.startswith("a request of 127.0.0.1 was refused: ")
        assert "\n" not in line
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")
        assert not [request for request in scene.upstream.requests if b"smuggled" in request]

    run(talk, plugins=0)


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED", " chunked "])
def test_chunks_are_chunks_in_any_writing(coding: str) -> None:
    async def talk(scene: Scene) -> None:
        body = b"2;a=b\r\nhi\r\n0\r\n\r\n"
        answer = await scene.ask("/x", f"Transfer-Encoding:{coding}", method="POST", body=body)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert scene.upstream.requests[0].endswith(b"\r\n2\r\nhi\r\n0\r\n\r\n")
        assert scene.messages == []

    run(talk, plugins=0)


def test_what_follows_a_request_is_the_next_one_or_refused() -> None:
    async def talk(scene: Scene) -> None:
        reader, writer = await scene.connect()
        writer.write(b"GET /one HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n")
        answer = await everything(reader)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.count(b"HTTP/1.1 501 ") == 1
        assert len(scene.messages) == 1
        writer.close()

    run(talk)


def test_a_client_that_goes_away_in_the_middle_is_no_news() -> None:
    async def talk(scene: Scene) -> None:
        bodies = (POST + b"Content-Length: 9\r\n\r\nabc", CHUNKED + b"5")
        for beginning in (b"", b"GET", b"GET / HTTP/1.1\r\nHost: a\r\n", *bodies):
            for reset in (False, True):
                _, writer = await scene.connect()
                writer.write(beginning)
                await writer.drain()
                await asyncio.sleep(0.01)
                close(writer, reset=reset)
        await until(lambda: scene.done("/x") == 4)
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")
        assert scene.messages == []

    run(talk)


HEAD = b"HTTP/1.1 200 OK\r\n"
STAGES: dict[str, tuple[bytes, int | None]] = {
    "at once": (b"", 503),
    "in the status line": (HEAD[:10], 503),
    "after the status line": (HEAD, 503),
    "in the headers": (HEAD + b"Content-Le", 503),
    "after the headers": (HEAD + b"Content-Length: 5\r\n\r\n", None),
    "in the body": (HEAD + b"Content-Length: 5\r\n\r\nhe", None),
    "in the size of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5", None),
    "in a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe", None),
    "after a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", None),
    "in the last chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", None),
    "after the last chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200),
    "after the body": (OK, 200),
}


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("stage", STAGES)
def test_an_upstream_that_closes_the_connection(stage: str, reset: bool) -> None:
    answer, status = STAGES[stage]

    async def break_off(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        await asyncio.sleep(0.02)  # what came before a reset is to arrive
        close(writer, reset=reset)

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [break_off]
        reader, writer = await scene.connect()
        writer.write(POST + b"Content-Length: 2\r\nConnection: close\r\n\r\nhi")
        found = await everything(reader)
        if status is None:
            assert found == b"" or (found.startswith(HEAD) and not found.endswith((b"0\r\n\r\n", b"HELLO!")))
        else:
            assert found.startswith(b"HTTP/1.1 %d " % status)
        assert len(scene.messages) == (status != 200), scene.messages
        assert not any("\n" in line for line in scene.messages)
        writer.close()
        await until(lambda: scene.done("/x") == 1)
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")

    run(talk)


def test_an_upstream_that_closes_the_connection_while_it_is_sent_the_request() -> None:
    async def break_off(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        close(writer, reset=True)

    async def talk(scene: Scene) -> None:
        scene.upstream.answers, scene.upstream.reads_bodies = [break_off], False
        reader, writer = await scene.connect()
        writer.write(POST + b"Content-Length: 9000000\r\n\r\n" + b"a" * 100_000)
        assert (await everything(reader)).startswith(b"HTTP/1.1 503 ")
        assert len(scene.messages) == 1
        writer.close()
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")

    run(talk)


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("GET", b"", 200), ("DELETE", b"", 200), ("PUT", b"hi", 503), ("POST", b"", 503), ("POST", b"hi", 503)],
)
def test_only_what_may_be_sent_twice_is_sent_again_when_a_used_connection_is_closed(
    method: str, body: bytes, status: int
) -> None:
    async def vanish(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [OK, vanish]
        await scene.ask("/first")
        answer = await scene.ask("/second", f"Content-Length: {len(body)}", method=method, body=body)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert sum(b" /second " in request for request in scene.upstream.requests) == (2 if status == 200 else 1)
        assert len(scene.messages) == (status != 200)

    run(talk)


def test_a_request_on_a_fresh_connection_is_not_sent_again() -> None:
    async def vanish(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [vanish]
        assert (await scene.ask("/first")).startswith(b"HTTP/1.1 503 ")
        assert len(scene.upstream.requests) == 1

    run(talk)


def test_a_plugin_that_holds_the_whole_answer_of_a_broken_upstream_ends_with_a_status() -> None:
    async def cut(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 50\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [cut]
        assert (await scene.ask("/x")).startswith(b"HTTP/1.1 503 ")
        assert len(scene.messages) == 1
        assert body_of(await scene.ask("/x")) == b"HELLO"

    run(talk, source=PLUGINS / "whole.py")


def test_a_name_that_cannot_be_found_is_a_503() -> None:
    async def talk(scene: Scene) -> None:
        for _ in range(2):
            assert (await scene.ask("/lost")).startswith(b"HTTP/1.1 503 ")
        assert len(scene.messages) == 2
        assert all(line.startswith("'nobody.invalid' cannot be looked up: ") for line in scene.messages)
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")

    run(talk)


@pytest.mark.parametrize("path", ["/inject-request", "/inject-path", "/inject-reply", "/inject-response"])
def test_a_plugin_cannot_add_lines_to_a_head(path: str) -> None:
    async def talk(scene: Scene) -> None:
        answer = await scene.ask(path)
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"injected" not in answer
        assert not any(b"injected" in request for request in scene.upstream.requests)
        assert sum("\nValueError: header " in record.message for record in scene.logs) == 1
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")

    run(talk)


async def everything(reader: asyncio.StreamReader) -> bytes:
    """All that comes up to the end, also if that is a reset."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := await asyncio.wait_for(reader.read(1 << 16), 10):
            data += piece
    return data


def close(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


def test_a_client_that_leaves_while_a_plugin_pauses_its_request_is_noticed() -> None:
    async def talk(scene: Scene) -> None:
        _, writer = await scene.connect()
        writer.write(POST.replace(b"/x", b"/pause") + b"Content-Length: 9\r\n\r\nabc")
        await writer.drain()
        await asyncio.sleep(0.1)
        assert scene.done("/pause") == 0
        writer.transport.abort()
        await until(lambda: scene.done("/pause") == 1)

    run(talk)


def test_an_upstream_that_resets_while_a_plugin_pauses_its_response_is_a_503() -> None:
    async def reset(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await writer.drain()
        await upstream.go_on.wait()
        writer.transport.abort()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [reset]
        asked = asyncio.create_task(scene.ask("/hold"))
        await until(lambda: scene.upstream.requests)
        scene.upstream.go_on.set()
        assert (await asked).startswith(b"HTTP/1.1 503 ")
        await until(lambda: scene.done("/hold") == 1)

    run(talk)


def test_what_comes_while_a_plugin_pauses_is_bounded() -> None:
    sent = 0

    async def much(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(50):
            writer.write(b"a" * 1_000_000)
            await writer.drain()
            sent += 1_000_000

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [much]
        _, client = await scene.connect()
        client.write(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: scene.upstream.requests)
        await asyncio.sleep(0.3)
        assert sent < 50_000_000
        client.close()
        await until(lambda: scene.upstream.closed)

    run(talk)
