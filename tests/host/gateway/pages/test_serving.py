"""What the gateway answers for the pages, over sockets."""

from __future__ import annotations

import gzip
import re
from collections.abc import Awaitable, Callable

import pytest
from tests.host.gateway.live.scene import Scene, body_of, run

from proxywasm_host.gateway.pages.built import files

SCRIPT = max((name for name in files() if name.endswith(".js")), key=lambda name: len(files()[name].contents))
FONT = next((name for name in files() if name.endswith(".woff2")), SCRIPT)


def with_pages(talk: Callable[[Scene], Awaitable[None]]) -> None:
    run(talk, playground=True)


def headers(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


@pytest.mark.parametrize("path", ["/playground", "/playground?model=a", "/arena", "/./playground"])
def test_a_page_is_answered_before_routes_and_plugins(path: str) -> None:
    async def talk(scene: Scene) -> None:
        answer = await scene.ask(path)
        name = "arena" if "arena" in path else "playground"
        assert answer.startswith(b"HTTP/1.1 200")
        assert body_of(answer) == files()[f"{name}.html"].contents
        assert scene.upstream.requests == []
        assert scene.logs == []

    with_pages(talk)


def test_without_the_key_the_paths_are_like_any_other() -> None:
    async def talk(scene: Scene) -> None:
        for path in ("/playground", "/arena", f"/pages/{SCRIPT}"):
            await scene.ask(path)
        assert len(scene.upstream.requests) == 3

    run(talk)


def test_the_console_is_not_on_the_listener_of_clients() -> None:
    async def talk(scene: Scene) -> None:
        await scene.ask("/console")
        assert len(scene.upstream.requests) == 1  # it goes where any path goes
        assert (await scene.ask("/pages/console.html")).startswith(b"HTTP/1.1 404")

    with_pages(talk)


def test_files_are_sent_compressed_to_those_who_read_that() -> None:
    async def talk(scene: Scene) -> None:
        small = await scene.ask(f"/pages/{SCRIPT}", "Accept-Encoding: br, gzip;q=0.5")
        whole = await scene.ask(f"/pages/{SCRIPT}", "Accept-Encoding: gzip;q=0, br")
        assert headers(small)["content-encoding"] == "gzip"
        assert gzip.decompress(body_of(small)) == body_of(whole) == files()[SCRIPT].contents
        assert "content-encoding" not in headers(whole)
        assert headers(small)["vary"] == headers(whole)["vary"] == "accept-encoding"
        assert headers(small)["content-type"] == "text/javascript; charset=utf-8"

    with_pages(talk)


def test_a_browser_keeps_files_for_ever_and_asks_again_for_pages() -> None:
    async def talk(scene: Scene) -> None:
        assert "immutable" in headers(await scene.ask(f"/pages/{SCRIPT}"))["cache-control"]
        page = headers(await scene.ask("/playground"))
        assert page["cache-control"] == "no-cache"
        again = await scene.ask("/playground", f"If-None-Match: {page['etag']}")
        assert again.startswith(b"HTTP/1.1 304")
        assert body_of(again) == b""
        assert headers(again)["etag"] == page["etag"]
        other = await scene.ask("/playground", 'If-None-Match: W/"other"')
        assert other.startswith(b"HTTP/1.1 200")

    with_pages(talk)


def test_head_has_the_headers_of_get_and_no_body() -> None:
    async def talk(scene: Scene) -> None:
        got = await scene.ask("/playground")
        head = await scene.ask("/playground", method="HEAD")
        assert headers(head) == headers(got)
        assert body_of(head) == b""

    with_pages(talk)


@pytest.mark.parametrize("path", ["/playground", f"/pages/{SCRIPT}"])
def test_other_methods_are_refused(path: str) -> None:
    async def talk(scene: Scene) -> None:
        answer = await scene.ask(path, "Content-Length: 2", method="POST", body=b"hi")
        assert answer.startswith(b"HTTP/1.1 405")
        assert headers(answer)["allow"] == "GET, HEAD"

    with_pages(talk)


@pytest.mark.parametrize(
    "path", ["/pages/", "/pages/none.js", "/pages/manifest.json", "/pages/%2e%2e/built.py", "/pages/..%2fbuilt.py"]
)
def test_nothing_but_the_built_files_is_served(path: str) -> None:
    async def talk(scene: Scene) -> None:
        answer = await scene.ask(path)
        assert b"import" not in body_of(answer)
        assert answer.startswith(b"HTTP/1.1 404") or scene.upstream.requests

    with_pages(talk)


@pytest.mark.parametrize("path", ["/playground", f"/pages/{SCRIPT}", f"/pages/{FONT}", "/pages/none"])
def test_every_answer_tells_the_browser_what_pages_may_not_do(path: str) -> None:
    async def talk(scene: Scene) -> None:
        found = headers(await scene.ask(path))
        policy = dict(part.split(" ", 1) for part in found["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert not re.search(r"unsafe|\*|http", found["content-security-policy"])
        assert found["x-content-type-options"] == "nosniff"
        assert found["referrer-policy"] == "no-referrer"
        assert found["cross-origin-opener-policy"] == found["cross-origin-resource-policy"] == "same-origin"

    with_pages(talk)


def test_answers_of_pages_are_in_the_access_log() -> None:
    async def talk(scene: Scene) -> None:
        await scene.ask("/playground?a=b")
        (line,) = scene.ended
        assert (line.path, line.status, line.route) == ("/playground", 200, "")

    run(talk, playground=True, access_log=True)
