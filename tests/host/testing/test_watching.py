"""Plugins that only look at a body, and plugins that have nothing more to do in a stream."""

from __future__ import annotations

import pytest

from proxywasm.testing import PluginHosts, TestHost, TestStream

KIB = 1024


@pytest.fixture
def host(plugin_host: PluginHosts) -> TestHost:
    return plugin_host("plugins/watcher.py", tolerate_failures=True)


def said(stream: TestStream) -> list[str]:
    return [record.message for record in stream.logs]


def shown(stream: TestStream, direction: str) -> tuple[list[int], str]:
    """How many bytes the plugin was shown in each call, and whether the last one was the end of the body."""
    words = [text.split() for text in said(stream) if text.startswith(direction)]
    return [int(size) for _, size, _ in words], words[-1][2] if words else ""


def test_a_body_is_shown_in_batches_and_goes_on_at_once(host: TestHost) -> None:
    stream = host.request("POST", body=b"hello")
    stream.response_headers(200)
    for number in range(1, 6):
        stream.response_body(bytes(5 * KIB))
        assert len(stream.downstream.body) == number * 5 * KIB
    stream.response_body(b"end", end_of_stream=True)
    stream.finish()
    assert stream.downstream.ended
    assert shown(stream, "request") == ([5], "True")
    assert shown(stream, "response") == ([20 * KIB, 5 * KIB + 3], "True")
    assert said(stream)[-1] == "done"


def test_the_length_of_a_body_that_is_watched_stays(host: TestHost) -> None:
    stream = host.request("POST", body=b"hello")
    stream.respond(200, {"content-length": "3"}, [b"y", b"ou"])
    assert (stream.upstream.headers["content-length"], stream.downstream.headers["content-length"]) == ("5", "3")


def test_what_has_passed_of_a_stream_that_is_cut_is_shown_before_its_end(host: TestHost) -> None:
    stream = host.request("POST", body=b"hello")
    stream.response_headers(200)
    stream.response_body(b"a part")
    stream.finish()
    assert said(stream)[-2:] == ["response 6 False", "done"]


def test_trailers_end_a_body_that_is_watched(host: TestHost) -> None:
    stream = host.open()
    stream.request_headers("POST", "/")
    stream.request_body(b"abc")
    stream.request_trailers({"x-sum": "6"})
    assert (stream.upstream.body, stream.upstream.trailers.fields()) == (b"abc", [("x-sum", "6")])
    assert shown(stream, "request") == ([3], "True")


@pytest.mark.parametrize(("path", "calls"), [("/", 2), ("/leave-until-done", 0)])
def test_chunks_pass_a_chain_in_their_order(plugin_host: PluginHosts, path: str, calls: int) -> None:
    watcher = "plugins/watcher.py"
    host = plugin_host([watcher, "plugins/reader.py", watcher], [{}, {}, {}])
    stream = host.request(path=path)
    chunks = [b"%d" % number * 1000 for number in range(10)]
    stream.respond(200, {"content-length": "10000"}, chunks)
    stream.finish()
    assert (stream.downstream.body, stream.downstream.headers["content-length"]) == (b"".join(chunks), "10000")
    shown = [text for text in said(stream) if text.startswith("response ")]
    assert shown == ["response 10000 True"] * calls
    read = "".join(text.removeprefix("read ") for text in said(stream) if text.startswith("read "))
    assert read == b"".join(chunks).decode()


@pytest.mark.parametrize("how", ["whole", "cut"])
def test_a_callback_that_fails_ends_only_what_has_not_passed(host: TestHost, how: str) -> None:
    stream = host.request("POST", body=b"hello")
    stream.response_headers(200)
    stream.response_body(b"fail")
    if how == "whole":
        stream.response_body(b"", end_of_stream=True)
    stream.finish()
    assert "as it was asked to" in host.failures[0]
    assert host.request("POST", body=b"hello").upstream.body == b"hello"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/leave", []),
        ("/leave-until-done", ["done"]),
        ("/leave-last", ["request 5 True", "response 3 True"]),
        ("/leave-held", ["request 5 True", "response 3 True"]),
    ],
)
def test_a_plugin_that_leaves_is_not_called_again_and_everything_passes(
    host: TestHost, path: str, told: list[str]
) -> None:
    stream = host.request("POST", path, body=b"hello")
    assert (stream.upstream.headers["x-watched"], stream.upstream.body) == ("yes", b"hello")
    stream.respond(200, body=b"you")
    stream.finish()
    assert (stream.downstream.body, stream.downstream.ended) == (b"you", True)
    assert ("x-watched" in stream.downstream.headers) == (path in ("/leave-last", "/leave-held"))
    assert said(stream) == told
    assert not host.failures


@pytest.mark.parametrize("path", ["/leave-and-pause", "/leave-and-ask"])
def test_a_plugin_that_has_left_cannot_hold_or_ask(host: TestHost, path: str) -> None:
    stream = host.request("POST", path, body=b"hello")
    assert stream.downstream.status == 500
    assert "the plugin has left this stream" in host.failures[0]
