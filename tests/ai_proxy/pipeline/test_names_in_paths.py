"""Names and ids of a client stay one segment of the path that goes upstream, or the request is refused with 400."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ai_proxy.gateway import Json, ask, gateway_with
from tests.ai_proxy.natives import BEDROCK, GEMINI, VERTEX
from tests.ai_proxy.providers.test_rows import provider
from tests.ai_proxy.test_weaknesses import recorded_vertex

from ai_proxy import providers
from ai_proxy.providers.row import Row
from ai_proxy.wire import apis
from ai_proxy.wire.errors import ApiError
from ai_proxy.wire.paths import LONGEST, check, segment
from ai_proxy_docs import describe
from ai_proxy_docs.examples import example
from proxywasm_host.testing import TestHost, request

GOOD = "benign"
COUNTED = {apis.COUNT_TOKENS, apis.COUNT_RESPONSE_TOKENS}
"""AWS has them for Claude's names only."""
REFUSED = [
    "..", ".", "%2e", "%2E%2e", "%252e%252E", ".%2e", "..\0", "..\\", "..\\..\\x", "a\\..\\b", "a/../../b",
    "a/../../../v1beta/tunedModels?x=", "a%2f..%2fb", "..%5c", "..;x", "..%00", ". ", "a\r\nb", "a\0b", "a\x7f",
    "\ud800", "a\ud83d", "x" * (LONGEST + 1),
]  # fmt: skip
ESCAPED = [
    "x HTTP/1.0 ", "a?b=c", "a#b", "a/b", "//evil.example/x", "https://evil.example/x", "a:predict", "a@b", "a&b=c",
    "{model}", "{file_id}", "你好", "...", "a..b", ".hidden", "a\\b", "a+b", "a%b",
]  # fmt: skip


def started(row: Row, **more: Any) -> TestHost:
    """`more` are further settings."""
    if row.name == "azure":
        return gateway_with(provider("azure", **more))
    if row.credentials.login is None:
        return gateway_with({**example(row), **more})
    compatible = "openapi" in describe.mode(row).lower() or not row.dialect.protocols
    host = gateway_with({**recorded_vertex(), "vertexOpenAICompatible": compatible, **more})
    host.request(_request("/v1/chat/completions", GOOD))
    host.next_call().answer(json={"access_token": "t-1", "expires_in": 3600})
    return host


def _request(path: str, model: str) -> Any:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Hi"}],
        "input": "x",
        **({} if "/responses" in path else {"prompt": "x"}),
        "image": "https://img.example.com/a.png",
    }
    return request("POST", path, {"content-type": "application/json"}, json.dumps(body))


def upstream_path(host: TestHost, path: str, model: str = "Pro") -> str:
    """The upstream path; empty: the request is refused with 400."""
    stream = host.request(_request(path, model))
    if stream.reply is not None:
        error = json.loads(stream.reply.body)["error"]
        if stream.reply.status == 400:
            assert error["message"]
            return ""
        assert stream.reply.status == 404
    return stream.upstream.headers[":path"] if stream.upstream else "404"


def stays(good: str, sent: str, name: str) -> None:
    """The path is that of a valid name, with this name instead."""
    assert len(sent.partition("?")[0].split("/")) == len(good.partition("?")[0].split("/"))
    assert sent.partition("?")[2] == good.partition("?")[2]
    assert not re.search(r"[^!-~]", sent)
    assert unquote(sent) in {unquote(good).replace(GOOD, one) for one in (name, unquote(name))}


@pytest.mark.parametrize("row", providers.ROWS, ids=lambda row: f"{row.name}-{describe.mode(row)}")
def test_a_model_is_one_segment_or_refused(row: Row) -> None:
    host = started(row)
    for path, api in apis.SUFFIXES:
        if api not in row.addressing.paths or (row.name == "bedrock" and api in COUNTED):
            continue
        good = upstream_path(host, path, GOOD)
        in_path = GOOD in good
        for name in REFUSED if in_path else ["..", "a\r\nb", "\ud800"]:
            assert upstream_path(host, path, name) == ("" if in_path else good), (path, name)
        for name in ESCAPED if in_path else ["a?b=c"]:
            stays(good, upstream_path(host, path, name), name)


@pytest.mark.parametrize("row", providers.ROWS, ids=lambda row: f"{row.name}-{describe.mode(row)}")
@pytest.mark.parametrize("protocol", ["openai", "original"])
def test_an_id_is_one_segment_or_refused(row: Row, protocol: str) -> None:
    config = provider("azure") if row.name == "azure" else example(row)
    if row.credentials.login is not None:
        config = recorded_vertex()
    host = gateway_with({**config, "protocol": protocol})
    for template, api in apis.TEMPLATES:
        if "{" not in template or api not in row.addressing.paths:
            continue
        for place in re.findall(r"\{\w+\}", template):
            path = re.sub(r"\{\w+\}", "x", template.rstrip("$").replace(place, "@@"))
            good = upstream_path(host, path.replace("@@", GOOD))
            for name in REFUSED[:-3]:
                for written in {quote(name, safe=""), quote(name, safe="./")}:
                    assert upstream_path(host, path.replace("@@", written)) in {"", "404"}, written
            for name in ESCAPED:
                stays(good, upstream_path(host, path.replace("@@", quote(name, safe=""))), name)


@pytest.mark.parametrize("config", [provider("openai"), provider("generic"), provider("qwen", protocol="original")])
@pytest.mark.parametrize("segment", ["..", "%2e%2E", ".", "..%5c..", "..;a", "%252e.", "x%00", "x%0d%0a"])
def test_a_path_that_is_kept_has_no_dot_segments(config: Json, segment: str) -> None:
    host = gateway_with(config)
    for path in (f"/v1/{segment}/admin", f"/{segment}", f"/v1/x/{segment}?q=1"):
        assert upstream_path(host, path) == "", path
    for path in ("/v1/a..b/...", "/v1/x?to=../..", "/v1/.well-known/x", "/v1/a%2Fb%20c"):
        assert upstream_path(host, path) == path


def test_the_model_of_googles_own_paths_is_one_segment() -> None:
    host = gateway_with(GEMINI)
    for name in ESCAPED:
        if ":" not in name:
            written = quote(name, safe="")
            good = upstream_path(host, f"/v1beta/models/{GOOD}:generateContent?x=1")
            stays(good, upstream_path(host, f"/v1beta/models/{written}:generateContent?x=1"), name)
    assert upstream_path(host, "/v1%3Fx=/models/m:generateContent") == "/v1%3Fx%3D/models/m:generateContent"
    assert upstream_path(host, "/v1beta/models/%2e%2e%2ffiles:generateContent") == ""


def test_a_deployment_that_a_websocket_names_is_one_segment() -> None:
    host = gateway_with(provider("azure", modelMapping={}))

    def path(model: str) -> str:
        stream = host.request(request("GET", f"/v1/realtime?model={quote(model, errors='replace')}"))
        return "" if stream.reply else stream.upstream.headers[":path"].partition("?")[0]

    assert path("a/b?c") == "/openai/deployments/a%2Fb%3Fc/realtime"
    assert [path(name) for name in ("..", "%2e%2e", "a/../b", "a\nb")] == [""] * 4


def test_an_arn_that_is_escaped_already_is_not_escaped_twice() -> None:
    arn = "arn:aws:bedrock:us-east-1:1:inference-profile/eu.x-v1:0"
    host = gateway_with(BEDROCK)
    sent = upstream_path(host, "/v1/chat/completions", arn)
    assert sent == f"/model/{quote(arn, safe='')}/converse"
    assert upstream_path(host, "/v1/chat/completions", quote(arn, safe="")) == sent


@pytest.mark.parametrize("written", ["api-version", "api%2dversion", "%61pi-version"])
def test_a_parameter_of_the_configuration_replaces_the_clients(written: str) -> None:
    host = gateway_with(provider("azure"))
    sent = upstream_path(host, f"/v1/chat/completions?{written}=7&q=1")
    assert sent.partition("?")[2] == "q=1&api-version=1"


def test_a_clients_query_does_not_repeat_parameters_of_the_services_path() -> None:
    express = upstream_path(gateway_with(VERTEX, protocol="original"), "/v1/x?k%65y=mine&q=1")
    assert express == "/v1/x?q=1&key=AIza-1"


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    "config", [GEMINI, VERTEX, BEDROCK, provider("azure", modelMapping={})],
    ids=lambda config: str(config["type"]),
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_name_is_refused_in_the_clients_protocol_and_the_next_request_is_served(config: Json, path: str) -> None:
    host = gateway_with(config)
    for name in ("a/../../x?y=", "a\r\nb", "\ud800", "%2e%2e"):
        stream = host.request(_request(path, name))
        assert stream.reply is not None
        document = json.loads(stream.reply.body)
        assert stream.reply.status == 400
        assert document["error"]["type"] == "invalid_request_error"
        assert ("type" in document) == (path == "/v1/messages")
    assert host.request(_request(path, "x y")).upstream.headers[":path"].count("x%20y") == 1


def _harmless(text: str) -> bool:
    """Whether servers read an escaped text as one segment, however often they decode it."""
    for _ in range(len(text)):
        text = unquote(text)
    pieces = re.split(r"[/\\]", text)
    return not any(re.split(r"[;\s\x00-\x20\x7f]", piece)[0] in {".", ".."} for piece in pieces)


@given(st.text(st.sampled_from("./\\%2eE5cCfF0;? \n\0a\ud800é"), max_size=12) | st.text(max_size=20))
def test_whatever_is_made_a_segment_is_one(text: str) -> None:
    try:
        made = segment(text, "model")
    except ApiError as error:
        assert error.status == 400  # noqa: PT017  # the only error there may be
        return
    assert re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+", made)
    assert unquote(made) == text
    assert _harmless(made)
    check(f"/v1/{made}/x")


@pytest.mark.parametrize(
    "path", ["/v1%2fchat%2fcompletions", "/v1/chat%2Fcompletions", "/v1%2Fmessages", "/v1%2ffiles/f"]
)
def test_an_escaped_slash_makes_no_other_api_of_a_path(path: str) -> None:
    """The path is sent as it is written, so the service would read it differently."""
    assert apis.classify(path) == apis.Route("")
    assert apis.classify(f"/x{path}?a=b").api == ""


def test_an_escaped_slash_stays_within_its_segment() -> None:
    assert apis.classify("/v1/%66iles/a%2Fb%252Fc") == apis.Route(apis.RETRIEVE_FILE, {"file_id": "a/b%2Fc"})
    outcome = ask({"type": "openai", "apiTokens": ["sk-1"]}, path="/v1/files/a%2Fb", method="GET")
    assert outcome.sent_headers[":path"] == "/v1/files/a%2Fb"
