"""What a plugin raises gets into the log, but neither its configuration nor what proves who the client is."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from tests.bundle import BEHAVIOURS
from tests.sdk.behaviours.secretive import KEYS, PHASES, PLAIN, QUERY_KEY

from proxywasm import ConfigError, Plugin
from proxywasm.adapters.native import native_program
from proxywasm.core.client_credentials import TooManyError, mask
from proxywasm.testing import PluginHosts, TestHost
from proxywasm.wire import LogLevel, PluginFailure
from proxywasm_host.services import HostServices

TOLD = [*KEYS.values(), "client-key-0123456789", "client-session-id", QUERY_KEY, quote(QUERY_KEY, safe="")]


@pytest.mark.parametrize("phase", PHASES)
def test_no_traceback_of_a_stream_has_its_clients_credentials(plugin_host: PluginHosts, phase: str) -> None:
    host = plugin_host(BEHAVIOURS, {"do": "tell the client's keys"}, clusters=["service"], tolerate_failures=True)
    path = f"/?q=plain&key={quote(QUERY_KEY, safe='')}"
    stream = host.request("POST", path, {**KEYS, "x-phase": phase}, b"body")
    if phase == "answer":
        host.next_call().answer()
    if stream.upstream:
        stream.respond(200, body="body")
    stream.finish()
    (failure,) = host.failures
    text = str(failure)
    assert f"ValueError: in {phase}" in text
    assert "secretive.py" in text, "the author's line"
    assert PLAIN in text
    assert "theme=dark" not in text, "a cookie as a whole, too"
    assert [told for told in TOLD if told in text] == []


def test_short_values_and_other_headers_stay() -> None:
    fields = [(":path", "/?key=short&name=a-long-name"), ("authorization", "short"), ("user-agent", "curl/8.1.2")]
    text = "short, a-long-name, curl/8.1.2"
    assert mask(text, fields) == text


def test_a_client_cannot_make_the_search_for_its_credentials_long() -> None:
    cookies = "; ".join(f"name{number}=value-{number:08}" for number in range(5_000))
    with pytest.raises(TooManyError):
        mask("text", [("cookie", cookies)])
    plugin: Plugin[Any] = Plugin("cookies")

    @plugin.on_request_headers
    def fail(ctx: object, config: object) -> None:
        raise ValueError(cookies)

    host = TestHost(plugin, tolerate_failures=True)
    host.request("GET", "/", {"cookie": cookies})
    (failure,) = host.failures
    assert "ValueError: <its message is not shown>" in str(failure)
    assert "value-" not in str(failure).partition("its message")[2]


# Configurations.

SECRET = "a-secret-of-the-configuration"


def refusal(plugin: Plugin[Any], config: str) -> tuple[str, str]:
    """What is said of a configuration that is refused: by the exception, and in the log."""
    services = HostServices()
    with pytest.raises((PluginFailure, ConfigError)) as refused:
        native_program(plugin, services).configure(config, LogLevel.INFO)
    return str(refused.value), "\n".join(record.message for record in services.logs)


def failing(*, safe_log: bool, **options: bool) -> Plugin[Any]:
    plugin: Plugin[Any] = Plugin("failing", safe_log=safe_log, **options)

    @plugin.parse_config
    def parse(document: dict[str, Any]) -> Any:
        try:
            _look_up(document)
        except LookupError as error:
            raise TypeError(f"second: {document}") from error

    return plugin


def _look_up(document: dict[str, Any]) -> None:
    raise KeyError(f"first: {document}")


@pytest.mark.parametrize("config", ['{"token": "%s"}', '{"_rules_": [{"_match_route_": "a", "token": "%s"}]}'])
def test_with_safe_log_an_unexpected_exception_tells_nothing_of_the_configuration(config: str) -> None:
    told, log = refusal(failing(safe_log=True), config % SECRET)
    assert SECRET not in told + log
    assert "TypeError: <its message is not shown>" in told
    assert "KeyError: <its message is not shown>" in told
    assert "in _look_up" in told, "the author's line"
    told, _ = refusal(failing(safe_log=False), config % SECRET)
    assert SECRET in told


def test_nor_does_a_part_of_it_that_is_left_out() -> None:
    """A broken rule is left out where rules are isolated, and a broken global part where there are rules."""
    config = '{"token": "T", "_rules_": [{"_match_route_": "a", "token": "T"}]}'.replace('"T"', f'"{SECRET}"')
    told, log = refusal(failing(safe_log=True, rule_isolation=True), config)
    assert SECRET not in told + log
    assert log.count("TypeError was raised; its message is not shown") == 2
    _, log = refusal(failing(safe_log=False, rule_isolation=True), config)
    assert log.count(SECRET) >= 2


def test_what_a_plugin_says_of_its_configuration_is_its_own_affair() -> None:
    plugin: Plugin[Any] = Plugin("saying", safe_log=True)

    @plugin.parse_config
    def parse(document: dict[str, Any]) -> Any:
        raise ConfigError("token: is missing")

    assert refusal(plugin, "{}")[0] == "token: is missing"
