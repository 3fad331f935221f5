"""The SDK inside the real Envoy: every feature once."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from typing import Any

import pytest

from .envoy_process import TIMEOUT, Envoy, all_of
from .upstream import CHUNKS

pytestmark = [pytest.mark.envoy, pytest.mark.slow]


def ask(envoy: Envoy, path: str, body: bytes | None = None, **headers: str) -> Any:
    """The JSON document that the mirror, or the plugin, answers with."""
    response, answer = envoy.send(path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    assert response.status == 200, answer.decode() + envoy.log
    return json.loads(answer)


def unique(path: str) -> str:
    """For what is waited for in the log: it has lines of the tests before."""
    return f"{path}?{uuid.uuid4().hex}"


class Background(threading.Thread):
    """A request whose answer is looked at later."""

    def __init__(self, envoy: Envoy, path: str) -> None:
        super().__init__()
        self._envoy, self._path = envoy, path
        self.start()

    def run(self) -> None:
        response, self._body = self._envoy.send(self._path)
        self._status = response.status

    def answer(self) -> tuple[int, bytes]:
        self.join(TIMEOUT)
        return self._status, self._body


def at_the_client(envoy: Envoy, path: str, chunks: Sequence[bytes], end: bytes) -> None:
    """Each chunk is there before the upstream sends the next."""
    with closing(HTTPConnection("127.0.0.1", envoy.port, timeout=TIMEOUT)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        for chunk in chunks:
            assert response.read(len(chunk)) == chunk
            envoy.send("/go")
        assert response.read() == end


# Headers.


def test_request_headers_are_edited_with_the_configuration_at_hand(envoy: Envoy) -> None:
    headers = dict(ask(envoy, "/headers", x_replaced="a", x_removed="r")["headers"])
    assert json.loads(headers["x-config"]) == {"greeting": "hé"}
    assert headers["x-replaced"] == "a!"
    assert headers["x-added"].encode("latin-1").decode() == "café"
    assert "x-removed" not in headers


def test_a_header_that_is_no_utf_8_goes_on_as_it_came(envoy: Envoy) -> None:
    answer = envoy.send_bytes(
        b"GET /headers HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-replaced: a\r\nx-bytes: caf\xe9\r\n\r\n",
    )
    headers = dict(json.loads(answer.partition(b"\r\n\r\n")[2])["headers"])
    assert headers["x-bytes-back"] == headers["x-bytes"] == "caf\xe9"


@pytest.mark.parametrize("side", ["request", "response"])
def test_many_edits_are_like_few(envoy: Envoy, side: str) -> None:
    response, body = envoy.send("/many", None, {"x-removed": "r", "x-kept": "k"})
    fields = json.loads(body)["headers"] if side == "request" else response.headers.items()
    headers = {name: [value for key, value in fields if key == name] for name, _ in fields}
    assert {f"x-many-{number}": [str(number)] for number in range(10)}.items() <= headers.items()
    assert ",".join(headers["x-twice"]).replace(" ", "") == "0,1,2,3,4,5,6,7,8,9"
    assert "x-removed" not in headers
    assert headers.get("x-kept") == (["k"] if side == "request" else None)


def test_a_header_may_occur_twice(envoy: Envoy) -> None:
    assert envoy.send("/cookies")[0].headers.get_all("set-cookie") == ["a=1", "b=2"]


# Bodies.


def test_a_request_body_is_buffered_and_replaced(envoy: Envoy) -> None:
    assert ask(envoy, "/upper", b"one " * 100_000)["body"] == "ONE " * 100_000


def test_an_empty_body_at_the_end_of_a_request_is_a_body(envoy: Envoy) -> None:
    answer = envoy.send_bytes(
        b"POST /upper-stream HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    )
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == "."


def test_a_request_without_body_has_no_body_phase(envoy: Envoy) -> None:
    """So held headers stay held until somebody resumes them."""
    assert ask(envoy, "/call-resume")["body"] == ""
    assert ask(envoy, "/upper-stream")["body"] == ""


def test_a_streamed_request_body_is_edited_chunk_by_chunk(envoy: Envoy) -> None:
    assert ask(envoy, "/upper-stream", b"one")["body"] == "ONE."


def test_trailers_are_the_end_of_a_buffered_request_body(envoy: Envoy) -> None:
    answer = envoy.send_bytes(
        b"POST /upper HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n3\r\ndef\r\n0\r\nx-trailer: yes\r\n\r\n",
    )
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == "ABCDEF"


def test_a_body_in_place_of_trailers_without_data_reaches_the_client(envoy: Envoy) -> None:
    """The gateway has no buffer then. The headers still wait, so everything goes out in one reply."""
    response, body = envoy.send("/bracket?stream&trailers&empty")
    assert (response.status, body) == (200, b"[]")
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["x-phase"] == "EncodeHeader"


def test_a_request_with_trailers_alone_cannot_get_a_body(envoy: Envoy) -> None:
    answer = envoy.send_bytes(
        b"POST /bracket HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        b"0\r\nx-trailer: yes\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 500 ")
    envoy.wait_for_log("the request is refused: there is no place for the 2 bytes of its body")
    assert ask(envoy, "/upper", b"next")["body"] == "NEXT"


def test_http_1_0_is_refused(envoy: Envoy) -> None:
    assert envoy.send_bytes(b"GET /headers HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 426 ")


def test_a_body_beyond_the_limit_of_the_plugin_is_refused(envoy: Envoy) -> None:
    response, body = envoy.send("/limit", b"12345678901")
    assert (response.status, body) == (413, b"the request body exceeds the 10 bytes that may be buffered")
    assert ask(envoy, "/limit", b"small")["body"] == "SMALL"


def test_a_response_beyond_the_limit_of_the_plugin_is_answered_otherwise(envoy: Envoy) -> None:
    response, body = envoy.send("/too-large")
    assert (response.status, body) == (502, b"the response body exceeds the 10 bytes that may be buffered")
    response, body = envoy.send("/too-large-mine")
    assert (response.status, response.headers["x-local"], body) == (503, "yes", b"mine")


def test_a_response_body_is_buffered_and_replaced_with_its_length(envoy: Envoy) -> None:
    response, body = envoy.send("/whole")
    assert (body[:2], body[-2:]) == (b"[{", b"}]")
    assert response.headers["content-length"] == str(len(body))


def test_a_streamed_response_body_is_edited_chunk_by_chunk(envoy: Envoy) -> None:
    at_the_client(envoy, "/stream?paced", [b"<" + chunk + b">" for chunk in CHUNKS], b"<>")


def test_a_response_whose_end_has_no_place_is_broken_off(envoy: Envoy) -> None:
    """Behind the last chunk come trailers: what the plugin adds at the end cannot be sent, and must not be missed."""
    answer = envoy.send_bytes(b"GET /stream?stream&trailers HTTP/1.1\r\nhost: a\r\n\r\n")
    assert CHUNKS[-1] in answer
    assert not answer.endswith(b"\r\n0\r\n\r\n")
    envoy.wait_for_log("the response is broken off: there is no place for the 2 bytes of its end")


def test_a_request_whose_end_has_no_place_is_broken_off(envoy: Envoy) -> None:
    answer = envoy.send_bytes(
        b"POST /upper-stream HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\nx-trailer: yes\r\n\r\n",
    )
    assert b"ABC" not in answer
    envoy.wait_for_log("the request is broken off: there is no place for the 1 bytes of its end")
    assert ask(envoy, "/upper", b"next")["body"] == "NEXT"


def test_trailers_are_the_end_of_a_buffered_response_body(envoy: Envoy) -> None:
    assert envoy.send("/whole?stream&trailers")[1] == b"[" + b"".join(CHUNKS) + b"]"


def test_what_a_plugin_takes_from_a_response_goes_on_when_it_is_injected(envoy: Envoy) -> None:
    """In stock Envoy too, which cannot inject: the end of the upstream does not end the response too early."""
    first, *rest = (b"(" + chunk + b")" for chunk in CHUNKS)
    at_the_client(envoy, "/inject?stream&paced", [b"first;" + first, *rest], b"(")


@pytest.mark.parametrize("more", ["", "&trailers"])
def test_chunks_that_arrive_together_go_on_in_their_order(envoy: Envoy, more: str) -> None:
    for _ in range(20):
        body = envoy.send(f"/inject?stream&burst{more}")[1]
        assert body.startswith(b"first;(")
        assert body.removeprefix(b"first;(").replace(b")(", b"") == b"".join(CHUNKS)


@pytest.mark.parametrize("more", ["&burst", "&burst&trailers", ""])
def test_a_plugin_may_take_only_the_end_of_a_response(envoy: Envoy, more: str) -> None:
    for _ in range(5):
        body = envoy.send(f"/inject-end?stream{more}")[1]
        before, injected, after = body.partition(b"first;")
        assert (before + after.replace(b"(", b"").replace(b")", b""), injected) == (b"".join(CHUNKS), b"first;")


def test_chunks_pass_in_order_when_the_headers_have_waited(envoy: Envoy) -> None:
    """They are resumed outside of a body phase; what the plugin has dropped until then is the first chunk."""
    with closing(HTTPConnection("127.0.0.1", envoy.port, timeout=TIMEOUT)) as connection:
        connection.request("GET", "/waiting?stream&paced")
        response = connection.getresponse()  # so they are resumed
        envoy.send("/go")
        for chunk in CHUNKS[1:]:
            assert response.read(len(chunk) + 2) == b"<" + chunk + b">"
            envoy.send("/go")
        assert response.read() == b"<>"


def test_an_injection_may_be_larger_than_what_envoy_buffers(envoy: Envoy) -> None:
    at_the_client(envoy, "/inject-large?stream&paced", [chunk * (1 << 18) for chunk in CHUNKS], b"")


def test_an_end_that_is_larger_than_what_envoy_buffers_breaks_the_response_off(envoy: Envoy) -> None:
    with pytest.raises(IncompleteRead):
        envoy.send("/inject-large-end?stream")
    envoy.wait_for_log("the response is broken off: the gateway cannot buffer the 3145728 bytes of its end")
    assert envoy.send("/plain")[0].status == 200


# Flow.


def test_a_local_reply_goes_back_through_the_response_phases(envoy: Envoy) -> None:
    response, body = envoy.send("/reply")
    assert (response.status, response.headers["x-local"], body) == (418, "yes", b"\x00\xff")
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert response.headers["x-phase"] == "EncodeHeader"


def test_a_local_reply_may_be_paused_in_the_response_phase(envoy: Envoy) -> None:
    response, body = envoy.send("/reply-paused")
    assert (response.status, response.headers["x-local"], body) == (418, "yes", b"\x00\xff")


def test_a_local_reply_in_the_response_phase_replaces_the_response(envoy: Envoy) -> None:
    response, body = envoy.send("/late-reply")
    assert (response.status, response.headers["x-local"], body) == (403, "yes", b"late")


def test_a_call_out_pauses_the_request_and_answers_it(envoy: Envoy) -> None:
    response, body = envoy.send("/call")
    assert (response.status, body) == (200, b"200 answer to question")


def test_a_call_out_pauses_the_request_and_resumes_it(envoy: Envoy) -> None:
    seen = ask(envoy, "/call-resume", b"body " * 100)
    assert dict(seen["headers"])["x-called"] == "200 answer to"
    assert seen["body"] == "body " * 100


def test_streams_that_wait_at_the_same_time_get_their_own_answers(envoy: Envoy) -> None:
    requests = [Background(envoy, f"/call-resume?{number}") for number in range(20)]
    for number, request in enumerate(requests):
        _, body = request.answer()
        assert dict(json.loads(body)["headers"])["x-called"] == f"200 answer to {number}"


def test_a_call_out_that_times_out_has_no_answer(envoy: Envoy) -> None:
    """Envoy makes one, 504, but the service has not answered."""
    assert envoy.send("/call?cluster=silent&timeout=300")[1] == b"502 "


def test_a_call_out_to_a_host_that_refuses_has_no_answer(envoy: Envoy) -> None:
    """Envoy makes one, 503."""
    assert envoy.send("/call?cluster=closed")[1] == b"502 "


def test_a_call_out_to_no_cluster_is_not_sent(envoy: Envoy) -> None:
    response, body = envoy.send("/call?cluster=nowhere")
    assert response.status == 503
    assert body == b"no such cluster: 'nowhere'; the gateway's configuration has to define it"


def test_a_response_is_paused_and_resumed(envoy: Envoy) -> None:
    response, body = envoy.send("/paused-response?stream")
    assert (response.headers["x-called"], body) == ("answer to response", b"".join(CHUNKS))


def test_a_request_body_is_paused_replaced_and_resumed(envoy: Envoy) -> None:
    assert ask(envoy, "/paused-body", b"body")["body"] == "answer to paused, body"


def test_headers_may_go_on_while_their_body_is_collected(envoy: Envoy) -> None:
    path = unique("/resumed-headers")
    with envoy.connection() as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".encode()
            + b"3\r\nabc\r\n"
        )
        envoy.wait_for_log(f"{path} has resumed its headers")
        connection.sendall(b"3\r\ndef\r\n0\r\n\r\n")
        answer = all_of(connection)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == "ABCDEF"


def test_a_route_call_gives_its_answer_to_the_plugin(envoy: Envoy) -> None:
    response, body = envoy.send("/route-call", b"body")
    assert (response.headers["x-routed"], body) == ("yes", b"routed: answer to BODY")


def test_one_stream_resumes_another(envoy: Envoy) -> None:
    waits = Background(envoy, path := unique("/wait"))
    envoy.wait_for_log(f"{path} waits")
    assert envoy.send("/resume-others")[0].status == 200
    _, body = waits.answer()
    assert "x-resumed-by" in dict(json.loads(body)["headers"])


def test_one_stream_replies_to_another_and_goes_on_itself(envoy: Envoy) -> None:
    paths = [unique("/wait") for _ in range(2)]
    requests = [Background(envoy, path) for path in paths]
    for path in paths:
        envoy.wait_for_log(f"{path} waits")
    assert ask(envoy, "/reply-to-others")["path"] == "/reply-to-others"
    assert [request.answer() for request in requests] == [(409, b"answered by another")] * 2


def test_a_stream_is_seen_to_its_end_and_may_call_out_then(envoy: Envoy) -> None:
    assert envoy.send("/done")[0].status == 200
    envoy.wait_for_log("done with 200")
    envoy.wait_for_log("called after the end: 200")


def test_a_client_that_leaves_ends_a_paused_stream(envoy: Envoy) -> None:
    with envoy.connection() as connection:
        path = unique("/wait")
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        envoy.wait_for_log(f"{path} waits")
    assert ask(envoy, "/reply-to-others")["path"] == "/reply-to-others"


# What the gateway knows.


def test_shared_data_compares_and_swaps(envoy: Envoy) -> None:
    assert ask(envoy, "/shared") == [None, True, False, "1", True, False, "4"]


def test_properties_metrics_functions_and_their_absence(envoy: Envoy) -> None:
    facts = ask(envoy, "/host")
    assert facts.pop("redis").startswith("RedisCallError: this gateway has no Redis calls; only Higress has them")
    assert facts == {
        "path": "/host",
        "own": "set",
        "unknown": None,
        "request_id": True,
        "plugin_name": "tested",
        "plugin_id": "p1",
        "requests": True,
        "level": 5,
        "leader": True,
        "foreign": "ForeignFunctionError: this gateway has no function 'no_such_function'",
    }


def test_a_response_of_the_upstream_is_told_from_others(envoy: Envoy) -> None:
    assert envoy.send("/from")[0].headers["x-from-upstream"] == "True"


def test_python_has_time_and_randomness_and_knows_its_limits(envoy: Envoy) -> None:
    first, second = ask(envoy, "/facts"), ask(envoy, "/facts")
    assert abs(first["time"] - time.time()) < 10
    assert first["now"][:10] == time.strftime("%Y-%m-%d", time.gmtime(first["time"]))
    assert second["perf"] > first["perf"]
    for name in ("uuid", "urandom", "random"):
        assert first[name] != second[name]
    assert first["environ"] == {}
    assert first["errors"] == {
        **dict.fromkeys(("open", "write", "listdir"), "FileNotFoundError"),
        "sleep": "RuleError",
        **dict.fromkeys(("zlib", "eval"), "SystemError"),
    }


def test_print_and_logging_are_lines_of_the_log_with_plugin_and_stream(envoy: Envoy) -> None:
    ask(envoy, "/facts", x_request_id="r-1")
    log = envoy.wait_for_log("JSONDecodeError")
    for text, level in {"printed": "info", "printed to stderr": "warning", "logged 1": "warning"}.items():
        line = next(line for line in log.splitlines() if line.endswith(f"] {text}"))
        assert f"[{level}][wasm]" in line
        assert "wasm log tested tested tested: [p1] [stream " in line
    assert 'features.py", line ' in log


def test_the_log_level_may_change_while_the_plugin_runs(envoy: Envoy) -> None:
    envoy.set_log_level("debug")
    try:
        ask(envoy, "/facts")
        envoy.wait_for_log("] debugging")
    finally:
        envoy.set_log_level("info")


def test_ticks_belong_to_the_plugin(envoy: Envoy) -> None:
    envoy.wait_for_log("[plugin] ticked with {'greeting': 'hé'}")


def test_memory_is_given_back(envoy: Envoy) -> None:
    for _ in range(2):
        assert envoy.send("/calls")[1] == b"done"
