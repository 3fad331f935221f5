"""A gateway in our own host, with real sockets on both sides, and a plugin that does what the path says."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tests.host.gateway.live.scene import OK, Scene, Upstream, body_of, run, until


def test_a_request_passes_the_plugins_and_its_response_too() -> None:
    async def talk(scene: Scene) -> None:
        answer = await scene.ask("/a?b=c", "Content-Length: 2", method="POST", body=b"hi")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body_of(answer) == b"HELLO!"
        (request,) = scene.upstream.requests
        assert request.startswith(b"POST /a?b=c HTTP/1.1\r\nhost: a\r\n")
        assert b"\r\nx-seen: yes\r\n" in request
        assert request.endswith(b"\r\n\r\nhi")
        await until(lambda: scene.done("/a?b=c") == 1)

    run(talk)


def test_without_plugins_messages_pass_as_they_are() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [
            b"HTTP/1.1 201 Created\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 2\r\n\r\n"
        ]
        answer = await scene.ask("/x")
        assert answer == (
            b"HTTP/1.1 201 Created\r\nx-a: 1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
            b"1\r\na\r\n0\r\nx-t: 2\r\n\r\n"
        )

    run(talk, plugins=0, trailers=True)


def test_trailers_stay_behind_unless_the_file_wants_them() -> None:
    async def talk(scene: Scene) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        scene.upstream.answers = [head + b"1\r\na\r\n0\r\nX-T: 2\r\n\r\n"]
        body = b"1\r\na\r\n0\r\nX-R: 1\r\n\r\n"
        answer = await scene.ask("/x", "Transfer-Encoding: chunked", method="POST", body=body)
        assert answer.endswith(b"1\r\na\r\n0\r\n\r\n")
        assert scene.upstream.requests[0].endswith(b"1\r\na\r\n0\r\n\r\n")

    run(talk, plugins=0)


def test_bodies_that_plugins_read_are_bounded_as_the_file_says() -> None:
    async def talk(scene: Scene) -> None:
        for size, status in ((1000, b"200"), (1001, b"413")):
            answer = await scene.ask("/whole", f"Content-Length: {size}", method="POST", body=b"a" * size)
            assert answer.startswith(b"HTTP/1.1 " + status)

    run(talk, limits={"body": 1000})


def test_a_call_to_a_service_that_the_file_does_not_name_is_an_error_for_the_plugin() -> None:
    async def talk(scene: Scene) -> None:
        await scene.ask("/unknown")
        assert b"\r\nx-error: no such cluster: 'nobody'\r\n" in scene.upstream.requests[0]

    run(talk)


def test_a_request_that_cannot_be_written_is_a_502() -> None:
    async def talk(scene: Scene) -> None:
        assert (await scene.ask("/odd")).startswith(b"HTTP/1.1 502 ")
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")

    run(talk)


@pytest.mark.parametrize("plugins", [1, 2])
def test_a_request_that_is_paused_for_too_long_is_a_504(plugins: int) -> None:
    async def talk(scene: Scene) -> None:
        assert (await scene.ask("/pause")).startswith(b"HTTP/1.1 504 ")
        await until(lambda: scene.done("/pause") == 1)

    run(talk, plugins=plugins, limits={"idle": 0.2})


def test_a_reply_that_is_paused_for_too_long_is_a_504() -> None:
    async def talk(scene: Scene) -> None:
        assert (await scene.ask("/reply-paused")).startswith(b"HTTP/1.1 504 ")
        await until(lambda: scene.done("/reply-paused") == 1)

    run(talk, limits={"idle": 0.2})


def test_an_upstream_that_changes_the_protocol_unasked_is_a_502() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello"
        ]
        assert (await scene.ask("/x")).startswith(b"HTTP/1.1 502 ")

    run(talk)


def test_a_chunk_goes_on_before_the_next_one_comes() -> None:
    async def slowly(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for chunk in (b"one", b"two"):
            writer.write(b"3\r\n%b\r\n" % chunk)
            await writer.drain()
            await upstream.go_on.wait()
            upstream.go_on.clear()
        writer.write(b"0\r\n\r\n")

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [slowly]
        reader, writer = await scene.connect()
        writer.write(b"GET /s HTTP/1.1\r\nHost: a\r\n\r\n")
        for chunk in (b"ONE", b"TWO"):
            assert chunk in await asyncio.wait_for(reader.readuntil(chunk), 10)
            scene.upstream.go_on.set()
        assert (await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)).endswith(b"!\r\n0\r\n\r\n")
        writer.close()

    run(talk)


def test_a_plugin_replies_without_the_upstream() -> None:
    async def talk(scene: Scene) -> None:
        answer = await scene.ask("/reply")
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert b"\r\nx-why: reply\r\n" in answer
        assert scene.upstream.requests == []

    run(talk)


def test_a_plugin_asks_a_service() -> None:
    async def talk(scene: Scene) -> None:
        await scene.ask("/ask")
        assert scene.service.requests[0].startswith(b"GET /question HTTP/1.1\r\nhost: service\r\n")
        assert b"\r\nx-answer: 200 hello\r\n" in scene.upstream.requests[0]

    run(talk)


def test_a_service_that_does_not_answer_is_told_in_time() -> None:
    async def silent(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await upstream.go_on.wait()

    async def talk(scene: Scene) -> None:
        scene.service.answers = [silent]
        await scene.ask("/ask")
        assert b"\r\nx-answer: 502 \r\n" in scene.upstream.requests[0]
        scene.service.go_on.set()

    run(talk)


def test_a_plugin_that_raises_is_a_500() -> None:
    async def talk(scene: Scene) -> None:
        assert (await scene.ask("/raise")).startswith(b"HTTP/1.1 500 ")
        assert any("RuntimeError: as asked" in record.message for record in scene.logs)
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")

    run(talk)


def test_where_a_request_goes() -> None:
    async def talk(scene: Scene) -> None:
        await scene.ask("/elsewhere")
        assert len(scene.service.requests) == 1
        answer = await scene.ask("/nowhere")
        assert answer.startswith(b"HTTP/1.1 421 ")
        assert scene.upstream.requests == []
        # The path that routes match is the one that goes on.
        await scene.ask("/x/%2e%2e/y//z")
        assert scene.upstream.requests[0].startswith(b"GET /y/z HTTP/1.1\r\n")

    run(talk)


@pytest.mark.parametrize(
    ("answer", "status", "details"),
    [
        (b"", b"503", b"upstream_reset_before_response_started{connection_termination}"),
        (b"HTTP/1.1 20", b"503", b"upstream_reset_before_response_started{connection_termination}"),
        (b"nonsense\r\n\r\n", b"502", b"upstream_reset_before_response_started{protocol_error}"),
    ],
)
def test_an_upstream_that_gives_no_response(answer: bytes, status: bytes, details: bytes) -> None:
    async def break_off(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [break_off]
        response = await scene.ask("/x")
        assert response.startswith(b"HTTP/1.1 " + status)
        assert b"x-details: " + details in response

    run(talk)


def test_an_upstream_that_is_not_there_is_a_503() -> None:
    async def talk(scene: Scene) -> None:
        response = await scene.ask("/gone")
        assert response.startswith(b"HTTP/1.1 503 ")
        assert b"x-details: upstream_reset_before_response_started{connection_failed}" in response
        assert any("http://127.0.0.1:1 cannot be reached" in message for message in scene.messages)

    run(talk)


def test_a_response_that_is_cut_off_has_no_end_for_the_client() -> None:
    async def cut(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await writer.drain()
        writer.close()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [cut]
        with contextlib.suppress(ConnectionError):
            assert not (await scene.ask("/x")).endswith(b"0\r\n\r\n")
        await until(lambda: scene.done("/x") == 1)

    run(talk)


def test_an_upstream_that_is_silent_is_a_504() -> None:
    async def silent(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await upstream.go_on.wait()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [silent]
        assert (await scene.ask("/x")).startswith(b"HTTP/1.1 504 ")
        scene.upstream.go_on.set()

    run(talk, limits={"idle": 0.2})


def test_the_end_of_the_client_is_the_end_of_the_upstreams_work() -> None:
    async def silent(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await writer.drain()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [silent]
        _, writer = await scene.connect()
        writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: scene.upstream.requests)
        writer.close()
        await until(lambda: scene.upstream.closed)
        await until(lambda: scene.done("/x") == 1)

    run(talk)


def test_a_connection_to_the_upstream_is_used_again_also_after_its_server_has_closed_it() -> None:
    async def last(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        writer.close()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [OK, last]
        for _ in range(4):
            assert (await scene.ask("/x")).startswith(b"HTTP/1.1 200 ")

    run(talk)


def test_a_slow_client_holds_the_upstream_back_and_gets_all() -> None:
    size = 30_000_000
    sent = 0

    async def much(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 1_000_000):
            writer.write(b"a" * 1_000_000)
            await writer.drain()
            sent += 1_000_000

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [much]
        reader, writer = await scene.connect()
        writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        await asyncio.sleep(0.3)
        assert sent < size
        assert await asyncio.wait_for(reader.readexactly(size), 20) == b"a" * size
        writer.close()

    run(talk, plugins=0)


def test_websockets_pass_with_the_plugins_edits() -> None:
    async def websocket(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        await upstream.go_on.wait()

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [websocket]
        reader, writer = await scene.connect()
        writer.write(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert b"\r\nupgrade: websocket\r\n" in head
        assert await asyncio.wait_for(reader.readexactly(5), 10) == b"hello"
        assert b"\r\nx-seen: yes\r\n" in scene.upstream.requests[0]
        assert b"\r\nconnection: upgrade\r\n" in scene.upstream.requests[0]
        writer.write(b"from the client")
        scene.upstream.go_on.set()
        writer.close()
        await until(lambda: scene.done("/ws") == 1)
        assert (scene.ended[0].received, scene.ended[0].sent) == (len(b"from the client"), len(b"hello"))
        assert scene.ended[0].first_byte_seconds is not None

    run(talk)


def test_draining_lets_requests_end() -> None:
    async def slowly(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await upstream.go_on.wait()
        writer.write(OK)

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [slowly]
        asked = asyncio.create_task(scene.ask("/x"))
        await until(lambda: scene.upstream.requests)
        stopping = asyncio.create_task(scene.gateway.stop(10))
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionError):
            await scene.connect()
        scene.upstream.go_on.set()
        assert body_of(await asked) == b"HELLO!"
        await stopping

    run(talk)
