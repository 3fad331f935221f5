"""Errors have the format of the protocol that a client's path, or else its headers, say."""

from __future__ import annotations

import json

import pytest

from ai_common.errors import error_body
from proxywasm.testing import PluginHosts

CONFIG = {"consumers": [{"name": "alice", "credential": "key-of-alice"}]}


@pytest.mark.parametrize(
    "path", ["/v1/messages", "/claude/v1/messages?beta=true", "/v1/messages/count_tokens", "/v1/complete"]
)
def test_paths_of_anthropic_have_errors_of_anthropic(plugin_host: PluginHosts, path: str) -> None:
    error = plugin_host("key_auth", CONFIG).request("POST", path).downstream.json()
    assert (error["type"], error["error"]["type"]) == ("error", "authentication_error")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/embeddings", "/", "/v1/models"])
def test_other_paths_have_errors_of_openai(plugin_host: PluginHosts, path: str) -> None:
    error = plugin_host("key_auth", CONFIG).request("POST", path).downstream.json()["error"]
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")


def test_a_path_of_both_protocols_is_anthropics_with_its_header(plugin_host: PluginHosts) -> None:
    stream = plugin_host("key_auth", CONFIG).request("GET", "/v1/models", {"anthropic-version": "2023-06-01"})
    assert stream.downstream.json()["type"] == "error"


@pytest.mark.parametrize(
    ("status", "openai", "anthropic"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "authentication_error"),
        (403, "permission_error", "permission_error"),
        (429, "rate_limit_error", "rate_limit_error"),
        (503, "server_error", "api_error"),
    ],
)
def test_types_are_those_of_the_status(status: int, openai: str, anthropic: str) -> None:
    assert json.loads(error_body(status, "no", code="c", anthropic=False))["error"]["type"] == openai
    assert json.loads(error_body(status, "no", code="c", anthropic=True))["error"]["type"] == anthropic
    assert json.loads(error_body(status, "no", code="c", anthropic=False, error_type="own"))["error"]["type"] == "own"
