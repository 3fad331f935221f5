"""HAR files: what browsers save is read, with everything in it; what we write is what HAR 1.2 says."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from proxywasm_host.recordings.exchange import Exchange, Message
from proxywasm_host.recordings.har import HarError, dump_har, load_har

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


def entry(url: str = "https://a.example/x", *, method: str = "GET", request: Any = None, **more: Any) -> dict[str, Any]:
    headers = [{"name": ":authority", "value": "a.example"}, {"name": "Accept", "value": "*/*"}]
    content = {"size": 2, "mimeType": "text/plain", "text": "ok"}
    return {
        "_priority": "High",
        "startedDateTime": "2025-06-01T12:00:00.250+02:00",
        "time": 12.5,
        "request": {"method": method, "url": url, "httpVersion": "h2", "headers": headers, "bodySize": 0}
        | (request or {}),
        "response": {"status": 200, "headers": [{"name": "content-encoding", "value": "gzip"}], "content": content}
        | more.pop("response", {}),
        "timings": {},
        **more,
    }


def read(tmp_path: Path, *entries: Any) -> tuple[list[Exchange], list[str]]:
    file = tmp_path / "x.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    lines: list[str] = []
    exchanges = load_har(file, lines.append)
    return exchanges, [line.removeprefix(f"{file}: ") for line in lines]


def test_a_browsers_entry_is_an_exchange(tmp_path: Path) -> None:
    (exchange,), lines = read(tmp_path, entry("https://a.example:8443/v1/x?a=1#part"))
    assert not lines
    assert exchange.name == "1: GET /v1/x"
    assert exchange.time_ns == 1_748_772_000_250_000_000
    assert exchange.request.headers == [
        (":method", "GET"), (":scheme", "https"), (":authority", "a.example:8443"), (":path", "/v1/x?a=1"),
        ("accept", "*/*"),
    ]  # fmt: skip
    assert exchange.response == Message(
        [(":status", "200"), ("content-type", "text/plain"), ("content-length", "2")], (b"ok",)
    )


def test_bodies_of_all_kinds(tmp_path: Path) -> None:
    image = {
        "content": {
            "size": len(PNG),
            "mimeType": "image/png",
            "text": base64.b64encode(PNG).decode(),
            "encoding": "base64",
        }
    }
    events = {
        "headers": [
            {"name": "Content-Type", "value": "text/event-stream"},
            {"name": "set-cookie", "value": "a=1\nb=2"},
        ],
        "content": {"size": 27, "mimeType": "text/event-stream", "text": "data: a\n\ndata: b\n\ndata: [D"},
    }
    form = {"postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a", "value": "b c"}]}}
    (one, two, three), lines = read(
        tmp_path, entry(response=image), entry(response=events), entry(method="post", request=form)
    )
    assert one.response
    assert one.response.body == (PNG,)
    assert two.response
    assert two.response.body == (b"data: a\n\n", b"data: b\n\n", b"data: [D")
    assert two.response.unfinished
    assert [value for name, value in two.response.headers if name == "set-cookie"] == ["a=1", "b=2"]
    assert three.request.body == (b"a=b+c",)
    assert lines == ["entry 2 (GET https://a.example/x): its response is cut: the file has 26 of 27 bytes"]


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (entry("wss://a.example/x", _webSocketMessages=[]), "left out: a WebSocket"),
        (entry(_resourceType="websocket"), "left out: a WebSocket"),
        (entry("data:text/plain,a"), "left out: its URL begins with data:, not with http: or https:"),
        (entry(request={"url": None}), "left out: its URL begins with no scheme:, not with http: or https:"),
        (entry(response={"status": 101}), "left out: the connection changed to another protocol"),
        (entry(request={"method": "A B"}), "left out: its method or URL is not valid"),
        (entry(request={"bodySize": 7}), "left out: the body of the request is not in the file"),
        (
            entry(request={"headers": [{"name": "content-length", "value": "9"}], "postData": {"text": "abc"}}),
            "left out: the file has 3 of the 9 bytes of its request's body",
        ),
        (entry(request={"postData": {"text": "%%%", "encoding": "base64"}}), "left out: a body is not valid base64"),
        (
            entry(response={"status": 0}, _error="net::ERR_BLOCKED"),
            "only its request is used: there was no response (net::ERR_BLOCKED)",
        ),
        (
            entry(response={"content": {"size": 9}}),
            "only its request is used: the body of the response is not in the file",
        ),
        (entry(response={"status": 99}), "only its request is used: its status is 99"),
        ({}, "left out: it has no request"),
        (7, "left out: it has no request"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_used_is_one_line_and_the_rest_is_used(tmp_path: Path, broken: Any, line: str) -> None:
    exchanges, lines = read(tmp_path, broken, entry())
    assert exchanges[-1].name.startswith("2: ")
    (told,) = lines
    assert told.startswith("entry 1")
    assert told.endswith(f": {line}")


def test_headers_that_no_message_can_have_are_left_out(tmp_path: Path) -> None:
    odd = [{"name": "a b", "value": "1"}, {"name": "x", "value": "\x00"}, {"name": "y"}, 5, {"name": "z", "value": "1"}]
    (exchange,), _ = read(tmp_path, entry(request={"headers": odd}))
    assert [name for name, _ in exchange.request.headers if not name.startswith(":")] == ["z"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"log": {}}', '{"log": {"entries": 1}}', "[" * 100_000, "1" * 5000])
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.har"
    file.write_text(text)
    with pytest.raises(HarError) as error:
        load_har(file, print)
    assert str(error.value).startswith(str(file))
    assert "\n" not in str(error.value)


# What we write.


def recorded(**more: Any) -> Exchange:
    request = Message(
        [(":method", "POST"), (":scheme", "http"), (":authority", "a:80"), (":path", "/v1?b=1&c="), ("cookie", "s=1"),
         ("content-type", "application/json")],
        (b'{"a":', b"1}"), (0, 1, 2),
    )  # fmt: skip
    response = Message([(":status", "200"), ("content-type", "image/png")], (PNG,), (30, 40))
    return Exchange("name", "", request, response, time_ns=1_735_689_600_000_000_000, raw=more)


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    dump_har([recorded()], tmp_path / "x.har")
    lines: list[str] = []
    (again,) = load_har(tmp_path / "x.har", lines.append)
    assert not lines
    assert again.request.body == (b'{"a":1}',)
    assert dict(again.request.headers)[":path"] == "/v1?b=1&c="
    assert again.response
    assert again.response.body == (PNG,)
    assert again.time_ns == 1_735_689_600_000_000_000


def test_the_client_of_the_entry_got_what_the_gateway_sent(tmp_path: Path) -> None:
    down = {"headers": [[":status", "201"], ["content-type", "text/plain"]], "body": ["a", "b"]}
    reply = {"status": 403, "headers": [["x", "y"]], "body": "no", "details": ""}
    answers = (down, None), (None, reply), (None, None)
    dump_har([recorded(expect={"downstream": one, "local_reply": two}) for one, two in answers], tmp_path / "x.har")
    one, two, three = json.loads((tmp_path / "x.har").read_text())["log"]["entries"]
    assert (one["response"]["status"], one["response"]["content"]["text"]) == (201, "ab")
    assert (two["response"]["status"], two["response"]["headers"]) == (403, [{"name": "x", "value": "y"}])
    assert three["response"]["status"] == 0


REQUIRED = {
    "log": {"version", "creator", "entries"},
    "entry": {"startedDateTime", "time", "request", "response", "cache", "timings"},
    "request": {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"},
    "response": {
        "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize",
        "bodySize",
    },
    "content": {"size", "mimeType"},
    "postData": {"mimeType", "text"},
    "timings": {"send", "wait", "receive"},
}  # fmt: skip
"""The keys that HAR 1.2 has in any case."""


def test_what_is_written_has_all_keys_of_har(tmp_path: Path) -> None:
    dump_har([recorded()], tmp_path / "x.har")
    log = json.loads((tmp_path / "x.har").read_text())["log"]
    (found,) = log["entries"]
    parts = {"log": log, "entry": found, **{key: found[key] for key in ("request", "response", "timings")}}
    parts |= {"content": found["response"]["content"], "postData": found["request"]["postData"]}
    assert {name: REQUIRED[name] - part.keys() for name, part in parts.items()} == {name: set() for name in REQUIRED}
    assert found["time"] == sum(found["timings"].values())
    assert found["request"]["cookies"] == [{"name": "s", "value": "1"}]
    assert found["request"]["queryString"] == [{"name": "b", "value": "1"}, {"name": "c", "value": ""}]
