"""What the console tells: placeholders for secrets, streams, log and metrics, recordings."""

from __future__ import annotations

import socket

from tests.host.gateway.console.running import SECRETS, Console
from tests.host.gateway.reload.process import Stream, until

READ = ["about", "gateway", "file", "schema", "history", "streams", "log", "metrics", "metrics/samples", "state",
        "recordings"]  # fmt: skip


def test_what_serves_is_told_with_placeholders(console: Console) -> None:
    for path in READ:
        console.get(path)
    [plugin] = console.get("gateway")["plugins"]
    first, second, third = plugin["config"]["apiTokens"]
    file = console.file
    assert [each["placeholder"] for each in file["secrets"] if "apiTokens" in each["key"]] == [first, second]
    assert file["plugins"][0]["config"]["apiTokens"] == [first, second, "${ENV:CONSOLE_TEST_KEY}"]
    assert third.startswith("masked-")
    assert f"# keys: {first} is the first" in file["text"]
    assert file["is_serving"] is True
    lines = file["text"].splitlines()
    for each in file["secrets"]:
        assert each["placeholder"] in lines[each["line"] - 1]
    keys = {key["name"]: key for key in console.get("schema")["keys"]}
    assert keys["routes.*.match.path"]["about"]


def test_a_client_cannot_have_secrets_shown_in_paths_and_logs(console: Console) -> None:
    assert console.run.ask(f"/{SECRETS['quoted']}")[0] == 200
    assert console.run.ask("/fail")[0] == 500
    streams = console.get("streams")["ended"]
    assert streams[1]["path"].startswith("/masked-apiTokens-")
    lines = console.get("log")["lines"]
    assert any(line["message"].startswith("the keys are ['masked-apiTokens-") for line in lines)
    [failed] = [line for line in lines if line["traceback"]]
    assert failed["level"] == "error"
    assert failed["source"] == "keeper"
    assert "RuntimeError: it fails <img src=x onerror=alert(1)> with masked-apiTokens-" in failed["traceback"]


def test_streams_log_and_metrics_are_events(console: Console) -> None:
    with console.events("streams,log,metrics,state,reload") as events:
        first = dict(next(events) for _ in range(6))
        assert first.keys() == {"reload", "record", "streams", "log", "samples", "state"}
        assert first["reload"]["etag"] == console.file["etag"]
        stream = Stream(console.run.port)
        for name, document in events:
            if name == "streams" and (found := [each for each in document["open"] if each["path"] == "/stream"]):
                break
        [row] = found
        assert (row["state"], row["status"], row["route"], row["worker"]) == ("streaming", 200, "all", 0)
        assert row["first_token_ms"] > 0
        console.upstream.step(last=True)
        stream.finish()
        for name, document in events:
            if name == "streams" and any(each["id"] == row["id"] for each in document["ended"]):
                break
        [ended] = [each for each in document["ended"] if each["id"] == row["id"]]
        assert (ended["ended"], ended["events"], ended["state"]) == ("complete", 2, "ended")
        name, document = next((name, document) for name, document in events if name == "metrics")
        assert document["requests"] >= 1
        assert document["first_byte"]["count"] >= 1
    console.upstream.last = 1 << 30
    assert console.ask("GET", "/api/events?topics=x").status == 400
    assert console.ask("GET", "/api/events").status == 400


def test_models_of_open_streams_are_read_while_somebody_looks(console: Console) -> None:
    console.get("streams")
    body = b'{"messages": [], "model": "gpt-\\u0034o"}'
    with socket.create_connection(("127.0.0.1", console.run.port)) as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        until(lambda: any(row["requested_model"] for row in console.get("streams")["open"]))
        [row] = [row for row in console.get("streams")["open"] if row["requested_model"]]
        assert (row["requested_model"], row["model"], row["request_bytes"]) == ("gpt-4o", "gpt-4o", len(body))
    until(lambda: any(each["id"] == row["id"] for each in console.get("streams")["ended"]))
    [ended] = [each for each in console.get("streams")["ended"] if each["id"] == row["id"]]
    assert (ended["ended"], ended["model"]) == ("the client has closed the connection", "gpt-4o")


def test_a_stream_is_recorded_and_replayed(console: Console) -> None:
    started = console.post("recordings/start", {"streams": 1}).json["recording"]
    assert (started["active"], started["left"]) == (True, 1)
    assert console.run.ask("/whole")[0] == 200
    assert console.run.ask("/not-recorded")[0] == 200
    until(lambda: console.get("recordings")["files"])
    [file] = console.get("recordings")["files"]
    assert (file["title"], file["status"]) == ("GET /whole", 200)
    recording = console.get(f"recordings/{file['id']}")
    assert recording["recorded"]["upstream"]["headers"][0] == [":method", "GET"]
    first, *_, last = recording["recorded"]["timeline"]
    assert first["what"] == "request headers"
    assert ":path: /whole\n" in first["client"]["text"]
    assert ":path: /whole\n" in first["upstream"]["text"]
    assert (last["what"], last["upstream"], last["client"]) == ("response body", {"text": "ok"}, {"text": "ok"})
    same = console.post(f"recordings/{file['id']}/replay", {"against": "running"}).json
    assert (same["same"], same["error"], same["differences"]) == (True, None, [])
    edit = {"plugin": 0, "config": console.config(version="gen2")}
    edited = {"against": "edited", "etag": console.file["etag"], "edit": edit}
    other = console.post(f"recordings/{file['id']}/replay", edited).json
    assert [each["place"] for each in other["differences"]] == ["downstream.headers.x-version"]
    assert ["x-version", "gen2"] in other["replayed"]["client"]["headers"]
    assert ["x-version", "gen1"] in other["recorded"]["client"]["headers"]
    assert console.ask("DELETE", f"/api/recordings/{file['id']}").status == 200
    assert console.get("recordings")["files"] == []
    assert console.post(f"recordings/{file['id']}/replay", {"against": "running"}).status == 404
