"""A plugin asks one upstream after the other, before the client has seen anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.live.scene import PROBE, Scene, Upstream, body_of, native, run, until

from proxywasm.adapters.native import load_plugin
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import load
from proxywasm_host.recordings.recorder import RecordOptions
from proxywasm_host.recordings.replay import native_session, replay

FALLBACK = Path(__file__).parent / "plugins" / "fallback.py"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
ERROR = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nerror\r\n0\r\n\r\n"


def serve(talk: Callable[[Scene], Awaitable[None]], *, source: Path | Sequence[Path] = FALLBACK, **keys: Any) -> None:
    run(talk, source=source, routes=[{"name": "free"}], **keys)


async def never(upstream: Upstream, _writer: asyncio.StreamWriter) -> None:
    await upstream.go_on.wait()


async def closes(_upstream: Upstream, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def gives_up_in_the_middle(_upstream: Upstream, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 503 X\r\nContent-Length: 100\r\n\r\nbusy")
    await writer.drain()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\n"
CUT = "upstream_reset_after_response_started{connection_termination}"
LATE = "upstream_per_try_timeout"


def begins(*pieces: bytes, then: Callable[[Upstream, asyncio.StreamWriter], Awaitable[None]]) -> Any:
    async def answer(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        for piece in (HEAD, *pieces):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        await then(upstream, writer)

    return answer


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (begins(then=closes), CUT),
        (begins(b": ping\n\n", then=closes), CUT),
        (begins(b"held", then=closes), CUT),
        (begins(then=never), LATE),
        (begins(b": pi", b"ng\n\n", b"\n", b":\r\n", then=never), LATE),
    ],
)
def test_a_response_that_ends_after_its_headers_leads_to_the_next_upstream(answer: Any, why: str) -> None:
    """As long as the plugin holds the headers: it wants more than comments."""

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [answer]
        got = await scene.ask("/main/service", "X-First-Byte: 150")
        assert body_of(got) == b"hello"
        (asked,) = scene.service.requests
        assert f"\r\nx-why: 200 {why}\r\n".encode() in asked
        await until(lambda: scene.ended)
        assert json.loads(scene.ended[0].text())["given_up"][0]["upstream"] == "main"
        scene.upstream.go_on.set()

    serve(talk)


def test_a_body_that_has_begun_is_not_late() -> None:
    async def slowly(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n \nheld")
        await upstream.go_on.wait()
        writer.write(b"ok!")

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [slowly]
        asking = asyncio.create_task(scene.ask("/main/service", "X-First-Byte: 50"))
        await until(lambda: scene.upstream.requests)
        await asyncio.sleep(0.15)
        scene.upstream.go_on.set()
        assert body_of(await asking) == b" \nheldok!"

    serve(talk)


def test_a_response_that_breaks_off_with_nothing_left_to_ask_is_an_error_of_the_gateway() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [begins(then=closes), begins(then=never)]
        got = await scene.ask("/main")
        assert got.startswith(b"HTTP/1.1 503 ")
        assert b"the upstream has closed the connection" in got
        got = await scene.ask("/main", "X-First-Byte: 50")
        assert got.startswith(b"HTTP/1.1 504 ")
        scene.upstream.go_on.set()

    serve(talk)


def test_a_recording_of_a_response_that_breaks_off_passes_a_replay(tmp_path: Path) -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [begins(b"held", then=closes), begins(b"held", then=closes)]
        assert body_of(await scene.ask("/main/service")) == b"hello"
        assert (await scene.ask("/main")).startswith(b"HTTP/1.1 503 ")

    serve(talk, record=RecordOptions(tmp_path))
    found = [exchange for file in tmp_path.iterdir() for exchange in load(file)]
    assert len(found) == 2
    for exchange in found:
        assert exchange.response
        assert exchange.response.broken == CUT
        assert judge(replay(exchange, [native_session(load_plugin(FALLBACK))]), exchange).status == "same"


def test_a_recording_has_each_response_and_passes_a_replay(tmp_path: Path) -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers, scene.service.answers = [BUSY], [BUSY.replace(b"503", b"200")]
        assert body_of(await scene.ask("/main/service", "Content-Length: 5", method="POST", body=b"hello")) == b"busy"

    serve(talk, record=RecordOptions(tmp_path))
    (file,) = tmp_path.iterdir()
    (exchange,) = load(file)
    assert exchange.response
    assert [dict(one.headers)[":status"] for one in (exchange.response, *exchange.next_responses)] == ["503", "200"]
    assert len(exchange.raw["expect"]["given_up"]) == 1
    assert judge(replay(exchange, [native_session(load_plugin(FALLBACK))]), exchange).status == "same"


def test_what_comes_next_streams_and_goes_to_another_upstream() -> None:
    async def slowly(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for chunk in (b"one", b"two"):
            writer.write(b"3\r\n%b\r\n" % chunk)
            await writer.drain()
            await upstream.go_on.wait()
            upstream.go_on.clear()
        writer.write(b"0\r\n\r\n")

    async def talk(scene: Scene) -> None:
        scene.upstream.answers, scene.service.answers = [BUSY], [slowly]
        reader, writer = await scene.connect()
        writer.write(b"POST /main/service HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        for chunk in (b"one", b"two"):
            await asyncio.wait_for(reader.readuntil(chunk), 10)
            scene.service.go_on.set()
        await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)
        (again,) = scene.service.requests
        assert again.startswith(b"POST /2 HTTP/1.1\r\nhost: service\r\n")
        assert b"\r\nx-why: 503 via_upstream\r\n" in again
        assert b"\r\ncontent-length: 5\r\n" in again
        assert again.endswith(b"\r\n\r\nhello")
        writer.close()

    serve(talk)


@pytest.mark.parametrize(
    ("first", "answer", "why"),
    [
        ("gone", b"", "503 upstream_reset_before_response_started{connection_failed}"),
        ("lost", b"", "503 upstream_reset_before_response_started{name_not_found}"),
        ("a", b"", "421 no_upstream"),
        ("main", BUSY, "503 via_upstream"),
        ("main", closes, "503 upstream_reset_before_response_started{connection_termination}"),
        ("main", b"no HTTP\r\n\r\n", "502 upstream_reset_before_response_started{protocol_error}"),
        ("main", never, "504 upstream_per_try_timeout"),
        ("main", ERROR, "200 via_upstream"),
        ("main", gives_up_in_the_middle, "503 via_upstream"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"hello"])
def test_each_failure_of_an_upstream_before_the_first_byte_leads_to_the_next_one(
    first: str, answer: Any, why: str, body: bytes
) -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [answer]
        more = ["X-First-Byte: 150", *([f"Content-Length: {len(body)}"] if body else [])]
        got = await scene.ask(f"/{first}/service", *more, method="POST" if body else "GET", body=body)
        assert got.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body_of(got) == b"hello"
        assert b"x-got: 200 via_upstream\r\n" in got
        (asked,) = scene.service.requests
        assert f"\r\nx-why: {why}\r\n".encode() in asked
        assert asked.endswith(b"\r\n\r\n" + body)
        await until(lambda: scene.done(f"/{first}/service") == 1)
        scene.upstream.go_on.set()

    serve(talk)


def test_the_last_failure_goes_to_the_client() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [BUSY]
        got = await scene.ask("/gone/main/lost")
        assert got.startswith(b"HTTP/1.1 503 ")
        assert b"cannot be looked up" in got

    serve(talk)


def test_the_plugins_after_it_see_another_stream_for_each_request() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [BUSY]
        got = await scene.ask("/main/service")
        assert body_of(got) == b"HELLO!"  # by the probe
        await until(lambda: (scene.done("/main/service"), scene.done("/2")) == (2, 1))
        asked = [*scene.upstream.requests, *scene.service.requests]
        assert [b"\r\nx-seen: yes\r\n" in each for each in asked] == [True, True]

    serve(talk, source=[FALLBACK, PROBE])


def test_the_access_log_says_what_was_given_up() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [BUSY]
        await scene.ask("/gone/main/service")
        await until(lambda: scene.ended)
        (line,) = (json.loads(one.text()) for one in scene.ended)
        assert line["upstream"] == "service"
        assert line["given_up"] == [{"upstream": "gone", "status": 503}, {"upstream": "main", "status": 503}]

    serve(talk, access_log=True)


def test_a_stream_that_has_taken_too_long_as_a_whole_is_not_sent_again() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [never]
        got = await scene.ask("/main/service")
        assert got.startswith(b"HTTP/1.1 504 ")
        assert b"the stream was not complete" in got
        assert scene.service.requests == []
        scene.upstream.go_on.set()

    serve(talk, limits={"total": 0.2})


def test_a_client_that_leaves_ends_the_second_request_too() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers, scene.service.answers = [BUSY], [never]
        _, writer = await scene.connect()
        writer.write(b"GET /main/service HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: scene.service.requests)
        writer.close()
        await until(lambda: scene.done("/main/service") == 1)
        scene.service.go_on.set()
        await until(lambda: scene.service.closed)

    serve(talk)


def test_many_streams_that_fail_over_leave_nothing_behind() -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [BUSY, ERROR, closes, b"no HTTP\r\n\r\n"] * 10
        got = await asyncio.gather(*(scene.ask("/main/service") for _ in range(40)))
        assert {body_of(each) for each in got} == {b"hello"}
        await until(lambda: scene.gateway._open_streams() == 0)
        assert len(scene.service.requests) == 40

    serve(talk)


def test_a_stream_goes_on_with_the_gateway_file_that_it_began_with() -> None:
    """A reload between its requests, to a file without the second upstream."""

    async def busy_later(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await upstream.go_on.wait()
        writer.write(BUSY)

    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [busy_later]
        asking = asyncio.create_task(scene.ask("/main/service"))
        await until(lambda: scene.upstream.requests)
        gateway = Gateway.model_validate({"listen": "127.0.0.1:1", "routes": [{"name": "free"}], "plugins": []})
        scene.gateway.take_over(gateway, native(gateway, scene.logs.append))
        scene.upstream.go_on.set()
        assert body_of(await asking) == b"hello"
        assert (await scene.ask("/main/service")).startswith(b"HTTP/1.1 421 ")

    serve(talk)
