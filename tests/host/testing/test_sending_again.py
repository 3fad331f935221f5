"""The test kit when a plugin sends its request again, and what a plugin is told where it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proxywasm.testing import PluginHosts, RecordingError, exchange, request, response
from proxywasm_host.recordings.exchange import dump

AGAIN = "plugins/again.py"


def test_a_gateway_that_cannot_send_a_request_again_says_so(plugin_host: PluginHosts) -> None:
    with plugin_host(AGAIN) as host:
        stream = host.request("GET", "/first")
        assert "x-envoy-upstream-rq-per-try-timeout-ms" not in stream.upstream.headers
        stream.respond(503, body="busy")
        if plugin_host.flavour != "envoy":
            assert (stream.upstream.host, stream.upstream.path) == ("second.example", "/next")
            assert [sent.path for sent in stream.given_up] == ["/first"]
            assert not stream.downstream
            stream.respond(200, body=["one", "two"])
            assert stream.downstream.chunks == [b"ONE", b"TWO"]
        else:
            assert stream.downstream.headers["x-why-not"] == (
                "False: cannot send the request again: this gateway sends each request once; make a call-out instead, "
                "or ask ctx.can_send_again first"
            )
        stream.finish()


@pytest.mark.not_in_envoy("recordings are replayed by the stream runner")
def test_a_recording_has_a_response_for_each_request(plugin_host: PluginHosts, tmp_path: Path) -> None:
    recorded = exchange("two", request("GET", "/first"), response(503, body="busy"))
    recorded = replace(recorded, next_responses=(response(200, body=["one", "two"]),))
    asked = [[":method", "GET"], [":scheme", "https"], [":authority", "second.example"], [":path", "/next"]]
    expected = {
        "given_up": [{"headers": [*map(list, request("GET", "/first").headers)], "body": ""}],
        "upstream": {"headers": [*asked, ["x-second", "yes"]], "body": ""},
        "downstream": {"headers": [[":status", "200"]], "body": ["ONE", "TWO"]},
    }
    file = tmp_path / "two.json"
    dump([replace(recorded, raw={"expect": expected})], file)
    plugin_host.replay(AGAIN, file)
    dump([replace(recorded, raw={"expect": expected | {"given_up": []}})], file)
    with pytest.raises(RecordingError, match="given_up"):
        plugin_host.replay(AGAIN, file)
