"""Trailers and informational responses, in every gateway alike."""

from __future__ import annotations

import pytest

from proxywasm.testing import PluginHosts, ScenarioError, TestHost, TestStream

SERVICE = "outbound|80||service.example"
SUM = {"x-sum": "6", "x-gone": "yes"}


@pytest.fixture
def host(plugin_host: PluginHosts) -> TestHost:
    return plugin_host("plugins/tails.py", clusters=[SERVICE])


def begin(host: TestHost, path: str) -> TestStream:
    stream = host.open()
    stream.request_headers("POST", path)
    stream.request_body(b"abc")
    stream.request_body(b"def")
    return stream


def trailers(stream: TestStream) -> list[tuple[str, str]]:
    return stream.upstream.trailers.fields()


@pytest.mark.parametrize("path", ["/whole", "/whole/held"])
def test_a_body_that_is_read_whole_ends_with_the_trailers(host: TestHost, path: str) -> None:
    stream = begin(host, path)
    stream.request_trailers(SUM)
    assert stream.upstream.body == b"ABCDEF"
    assert trailers(stream) == [("x-sum", "<6>")]
    assert stream.upstream.ended
    stream.response_headers(200)
    stream.response_body(b"gh")
    stream.response_trailers({"x-sum": "2"})
    assert stream.downstream.body == b"GH"
    assert stream.downstream.trailers.fields() == [("x-sum", "(2)"), ("x-more", "1"), ("x-more", "2")]
    assert stream.downstream.ended


def test_trailers_behind_a_body_that_is_not_read_are_shown(host: TestHost) -> None:
    stream = begin(host, "/pass")
    assert stream.upstream.body == b"abcdef"
    stream.request_trailers(SUM)
    assert trailers(stream) == [("x-sum", "<6>")]


def test_a_request_without_data_has_trailers_too(host: TestHost) -> None:
    stream = host.open()
    stream.request_headers("POST", "/pass")
    stream.request_trailers(SUM)
    assert (stream.upstream.body, trailers(stream)) == (b"", [("x-sum", "<6>")])


def test_trailers_wait_for_a_body_that_waits(host: TestHost) -> None:
    stream = begin(host, "/wait-body")
    stream.request_trailers(SUM)
    assert stream.request_paused
    assert not stream.upstream.ended
    host.next_call().answer()
    assert (stream.upstream.body, trailers(stream)) == (b"ABCDEF", [("x-sum", "<6>")])


def test_trailers_may_wait_and_be_changed_meanwhile(host: TestHost) -> None:
    stream = begin(host, "/wait-trailers")
    stream.request_trailers(SUM)
    assert stream.request_paused
    assert not stream.upstream.ended
    host.next_call().answer()
    assert (stream.upstream.body, trailers(stream)) == (b"ABCDEF", [("x-sum", "<6>"), ("x-late", "yes")])


def test_a_plugin_may_answer_when_it_has_seen_the_trailers(host: TestHost) -> None:
    stream = begin(host, "/refuse/held")
    stream.request_trailers(SUM)
    assert stream.reply is not None
    assert (stream.downstream.status, stream.downstream.body) == (422, b"THE SUM IS WRONG")
    assert not stream.upstream.ended


def test_a_reply_at_the_response_trailers_resets_the_stream(host: TestHost) -> None:
    stream = begin(host, "/break")
    stream.request_trailers(SUM)
    stream.response_headers(200)
    stream.response_body(b"gh")
    stream.response_trailers({"x-sum": "2"})
    assert stream.reset is not None


def test_a_plugin_that_raises_at_the_trailers_fails_closed(plugin_host: PluginHosts) -> None:
    host = plugin_host("plugins/tails.py", tolerate_failures=True)
    stream = begin(host, "/raise/held")
    stream.request_trailers(SUM)
    assert stream.downstream.status == 500
    assert "ValueError: trailers" in host.failures[-1]


@pytest.mark.parametrize(
    ("status", "headers"), [(100, {}), (102, {}), (103, {"link": "</a.css>; rel=preload"})], ids=["100", "102", "103"]
)
def test_an_informational_response_passes_unseen_by_the_plugin(
    host: TestHost, status: int, headers: dict[str, str]
) -> None:
    stream = host.open()
    stream.request_headers("POST", "/whole/held")
    stream.request_body(b"abc", end_of_stream=True)
    stream.informational_response(status, headers)
    assert stream.downstream.informational == [[(":status", str(status)), *headers.items()]]
    assert not stream.downstream, "the response itself has not come"
    stream.response_headers(200, end_of_stream=True)
    assert stream.downstream.status == 200


def test_what_no_upstream_sends_is_an_error_of_the_test(host: TestHost) -> None:
    stream = host.open()
    stream.request_headers("POST", "/pass")
    stream.request_body(b"", end_of_stream=True)
    for status in (101, 200):
        with pytest.raises(ScenarioError, match="the status of an informational response"):
            stream.informational_response(status)
    stream.response_headers(200)
    with pytest.raises(ScenarioError, match="behind the headers"):
        stream.informational_response(100)
    with pytest.raises(ScenarioError, match="content-length is among its trailers"):
        stream.response_trailers({"content-length": "1"})
    stream.response_trailers({"x-sum": "0"})
    with pytest.raises(ScenarioError, match="behind the end"):
        stream.response_trailers({"x-sum": "0"})
