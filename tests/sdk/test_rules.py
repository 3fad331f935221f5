"""Which configuration applies to a stream, and what becomes of broken rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sdk.driving import RESPONSE, errors, logs

from proxywasm import ConfigError, HttpContext, Plugin, PluginContext
from proxywasm.adapters.native import native_program
from proxywasm.core.rules import without_port
from proxywasm.wire import LogLevel, PluginFailure
from proxywasm_host.services import HostServices, SharedData
from proxywasm_host.stream import Runner

ROUTE, DOMAIN, SERVICE, PREFIX = "_match_route_", "_match_domain_", "_match_service_", "_match_route_prefix_"


def plugin(**options: Any) -> Plugin[Any]:
    """Says in a header which configuration applies; `name: bad` is refused."""
    plugin: Plugin[Any] = Plugin("rules", **options)

    @plugin.parse_config
    def parse(document: dict[str, Any]) -> Any:
        if document.get("name") == "bad":
            raise ConfigError("name: is bad")
        return document

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: Any) -> None:
        ctx.request_headers["x-config"] = json.dumps(config)

    return plugin


class Asked(HostServices):
    """Remembers which properties were asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: list[str] = []

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        if context:
            self.asked.append(path[-1])
        return super().get_property(context, path)


def start(config: Any, plugin_: Plugin[Any] | None = None, services: HostServices | None = None) -> Runner:
    services = services or Asked()
    program = native_program(plugin_ or plugin(), services)
    program.configure(config if isinstance(config, str) else json.dumps(config), LogLevel.DEBUG)
    return Runner(program, services)


def applies(runner: Runner, host: str = "a.com", route: str = "", cluster: str = "") -> Any:
    """The configuration of a stream; the text "none" if there is none."""
    stream = runner.open({("route_name",): route.encode(), ("cluster_name",): cluster.encode()})
    stream.request_headers([(":authority", host), (":path", "/")], True)
    fields = dict(stream.take()[0].fields)  # type: ignore[union-attr]
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"x", True)
    stream.close()
    return json.loads(fields.get("x-config", '"none"'))


def rules(*rules_: dict[str, Any], **own: Any) -> dict[str, Any]:
    return {**own, "_rules_": list(rules_)}


def which(rule: dict[str, Any], **stream: str) -> bool:
    """Whether a rule applies to a stream."""
    return bool(applies(start(rules({**rule, "name": "rule"})), **stream) != "none")


def test_without_rules_the_whole_object_applies_everywhere_and_the_host_is_not_asked() -> None:
    services = Asked()
    runner = start({"name": "global", "_plugin_id_": "p-1"}, services=services)
    assert applies(runner) == {"name": "global"}
    assert services.asked == []


@pytest.mark.parametrize("config", ["", "{}", '{"_plugin_id_": "x"}'])
def test_an_empty_configuration_applies_everywhere(config: str) -> None:
    assert applies(start(config)) == {}


def test_the_plugin_id_is_in_the_log_and_in_the_fingerprint() -> None:
    seen: list[str] = []
    plugin_: Plugin[Any] = Plugin("rules")

    @plugin_.on_request_headers
    def say(ctx: HttpContext, config: Any) -> None:
        seen.append(ctx.plugin.fingerprint)
        print("hi")

    runner = start({"_plugin_id_": "p-1"}, plugin_)
    applies(runner)
    assert seen == ["rules:p-1"]
    assert (logs(runner)[0].plugin, logs(runner)[0].message) == ("rules p-1", "hi")


def test_with_rules_only_a_stream_that_none_matches_is_none_of_the_plugins_business() -> None:
    calls: list[str] = []
    plugin_ = plugin()
    plugin_.on_response_headers(lambda ctx, config: calls.append("response"))
    plugin_.on_response_body(lambda ctx, config, body: calls.append("body"))
    plugin_.on_stream_done(lambda ctx, config: calls.append("done"))
    runner = start(rules({ROUTE: ["a"]}), plugin_)
    assert applies(runner, route="b") == "none"
    assert calls == []
    assert applies(runner, route="a") == {}
    assert calls == ["response", "body", "done"]


def test_the_first_rule_that_matches_wins_then_the_global_part() -> None:
    runner = start(rules({DOMAIN: "a.com", "name": 1}, {ROUTE: "r", "name": 2}, {ROUTE: "r", "name": 3}, name=0))
    assert applies(runner, "a.com", "r") == {"name": 1}
    assert applies(runner, "b.com", "r") == {"name": 2}
    assert applies(runner, "b.com", "s") == {"name": 0}


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("a.com", "a.com", True),
        ("a.com", "A.COM", True),
        ("A.com", "a.com:8080", True),
        ("a.com", "b.a.com", False),
        ("*.a.com", "b.a.com:443", True),
        ("*.a.com", "a.com", False),
        ("*a.com", "a.com", True),
        ("a.*", "a.com", True),
        ("a.*", "b.com", False),
        ("*", "anything", True),
        ("[::1]", "[::1]:8080", True),
        ("[::1]", "[::1]", True),
        ("[::*", "[::1]:80", True),
        ("a.com:80", "a.com:80", False),
    ],
)
def test_domains_match_without_the_port(pattern: str, host: str, expected: bool) -> None:
    assert which({DOMAIN: [pattern]}, host=host) == expected


@pytest.mark.parametrize(
    ("service", "cluster", "expected"),
    [
        ("a.dns", "outbound|80||a.dns", True),
        ("a.dns:80", "outbound|80||a.dns", True),
        ("a.dns:81", "outbound|80||a.dns", False),
        ("a.dns", "outbound|80|v1|a.dns", True),
        ("a.dns", "a.dns", False),
        ("a.dns", "outbound|80||a.dns|", False),
        ("b.dns", "outbound|80||a.dns", False),
    ],
)
def test_services_match_by_name_and_port_of_the_cluster(service: str, cluster: str, expected: bool) -> None:
    assert which({SERVICE: [service]}, cluster=cluster) == expected


def test_routes_match_whole_or_by_prefix() -> None:
    assert which({ROUTE: ["x", "r1"]}, route="r1")
    assert not which({ROUTE: ["r"]}, route="r1")
    assert which({PREFIX: ["x", "r"]}, route="r1")
    assert not which({PREFIX: ["1"]}, route="r1")


def test_a_route_and_a_service_must_both_match() -> None:
    rule = {ROUTE: ["r"], SERVICE: ["a.dns"]}
    assert which(rule, route="r", cluster="outbound|80||a.dns")
    assert not which(rule, route="r", cluster="outbound|80||b.dns")
    assert not which(rule, route="s", cluster="outbound|80||a.dns")


def test_route_beats_domain_beats_service_beats_prefix() -> None:
    stream = {"host": "a.com", "route": "r", "cluster": "outbound|80||a.dns"}
    assert which({ROUTE: ["r"], DOMAIN: ["other"]}, **stream)
    assert not which({DOMAIN: ["other"], SERVICE: ["a.dns"]}, **stream)
    assert not which({SERVICE: ["other"], PREFIX: ["r"]}, **stream)
    assert which({ROUTE: [], DOMAIN: None, PREFIX: ["r"]}, **stream)


def test_properties_are_asked_for_once_and_only_if_a_rule_needs_them() -> None:
    services = Asked()
    runner = start(rules(*({ROUTE: [str(n)]} for n in range(5))), services=services)
    applies(runner, route="4")
    assert services.asked == ["route_name"]
    services = Asked()
    applies(start(rules({DOMAIN: "a.com"}, {SERVICE: "x"}), services=services))
    assert services.asked == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (rules({"name": "x"}), r"_rules_\[0\]: a rule needs at least one of _match_route_"),
        (rules({ROUTE: [""]}), r"_rules_\[0\]: a rule needs at least one"),
        (rules({ROUTE: "a"}, {ROUTE: [None]}), r"_rules_\[1\]: a rule needs at least one"),
        (rules({ROUTE: "a"}, 7), r"_rules_\[1\]: must be an object, got 7"),  # type: ignore[arg-type]
        (rules({ROUTE: "a"}, {ROUTE: "b", "name": "bad"}), r"_rules_\[1\]: name: is bad"),
        (rules(), "_rules_ is empty and there is no global configuration"),
        ({"name": "bad"}, "^name: is bad"),
        ("{", "the configuration is not JSON"),
        ("[]", "must be a JSON object, not list"),
        ({"_fail_open_": 1}, "_fail_open_ must be true or false, not 1"),
    ],
)
def test_a_wrong_configuration_fails_the_start_and_names_the_place(config: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        start(config)


def test_a_condition_that_is_no_text_is_the_text_of_it() -> None:
    runner = start(rules({ROUTE: [5, None], "name": "five"}))
    assert applies(runner, route="5") == {"name": "five"}
    warning = "_rules_[0]._match_route_: must be a list of texts, got"
    found = [entry.message for entry in logs(runner) if warning in entry.message]
    assert found == [f"{warning} 5; understood as text", f"{warning} null; understood as text"]


def test_a_crash_of_the_parser_has_a_traceback() -> None:
    plugin_: Plugin[Any] = Plugin("crash")
    plugin_.parse_config(lambda document: document["missing"])
    with pytest.raises(PluginFailure, match=r"(?s)^Traceback .*KeyError: 'missing'"):
        start(rules({ROUTE: "a"}), plugin_)


def test_a_broken_global_part_is_visible_and_the_rules_apply() -> None:
    runner = start(rules({ROUTE: "a", "name": "rule"}, name="bad"))
    assert errors(runner) == [
        "the global part of the configuration is left out, only its rules apply: name: is bad",
    ]
    assert applies(runner, route="a") == {"name": "rule"}
    assert applies(runner, route="b") == "none"


def test_a_rule_overrides_the_global_configuration_that_it_gets() -> None:
    plugin_ = plugin()

    @plugin_.parse_override_config
    def override(rule: dict[str, Any], inherited: Any) -> Any:
        return {**(inherited or {"name": "no global"}), **rule}

    runner = start(rules({ROUTE: "a", "x": 1}, name="global"), plugin_)
    assert applies(runner, route="a") == {"name": "global", "x": 1}
    assert applies(runner) == {"name": "global"}
    assert applies(start(rules({ROUTE: "a"}), plugin_), route="a") == {"name": "no global"}


# Rule-level isolation.


def isolated(shared: SharedData, *rules_: dict[str, Any]) -> Runner:
    return start(rules(*rules_), plugin(rule_isolation=True), Asked(shared_data=shared))


def test_isolated_a_broken_rule_keeps_its_last_good_version_in_a_fresh_instance() -> None:
    shared = SharedData()
    isolated(shared, {ROUTE: ["a", "b"], "name": "good"}, {ROUTE: "c", "name": "fine"})
    runner = isolated(shared, {ROUTE: ["b", "a"], "name": "bad"}, {ROUTE: "c", "name": "better"})
    assert errors(runner) == ["_rules_[0] is broken, its last good version goes on: name: is bad"]
    assert applies(runner, route="a") == {"name": "good"}
    assert applies(runner, route="c") == {"name": "better"}


def test_isolated_a_broken_rule_that_was_never_good_is_left_out() -> None:
    runner = isolated(SharedData(), {ROUTE: "a", "name": "bad"}, {ROUTE: "b", "name": "fine"})
    assert errors(runner) == ["_rules_[0] is left out: name: is bad"]
    assert applies(runner, route="a") == "none"
    assert applies(runner, route="b") == {"name": "fine"}


def test_isolated_all_rules_broken_is_an_error() -> None:
    with pytest.raises(ConfigError, match="every rule of _rules_ is broken"):
        isolated(SharedData(), {ROUTE: "a", "name": "bad"})


def test_isolation_can_be_asked_for_at_the_start() -> None:
    plugin_ = plugin()
    plugin_.pre_start_or_reload(PluginContext.enable_rule_level_config_isolation)
    runner = start(rules({ROUTE: "a", "name": "bad"}, {ROUTE: "b"}), plugin_)
    assert applies(runner, route="b") == {}


# Hooks.


def test_the_start_hook_runs_first_and_its_error_fails_the_start() -> None:
    plugin_: Plugin[Any] = Plugin("rules")
    order: list[str] = []
    plugin_.pre_start_or_reload(lambda context: order.append(context.name))
    plugin_.parse_config(lambda document: order.append("config"))
    start({}, plugin_)
    assert order == ["rules", "config"]
    refusing = plugin()

    @refusing.pre_start_or_reload
    def refuse(context: PluginContext) -> None:
        raise ConfigError("no licence")

    with pytest.raises(ConfigError, match="no licence"):
        start({}, refusing)


# Properties of matching.

hosts = st.from_regex(r"[a-c]{1,3}(\.[a-c]{1,2})?|\[::[0-9a-f]\]", fullmatch=True)


@given(hosts, st.none() | st.integers(1, 65535))
def test_a_port_is_removed_from_any_host(host: str, port: int | None) -> None:
    assert without_port(host if port is None else f"{host}:{port}") == host


@given(st.lists(st.tuples(st.sampled_from([ROUTE, PREFIX]), st.text("ab", min_size=1, max_size=3))), st.text("ab"))
def test_the_first_matching_rule_wins_always(matches: list[tuple[str, str]], route: str) -> None:
    runner = start(rules(*({key: [text], "index": n} for n, (key, text) in enumerate(matches)), index=-1))
    expected = next(
        (n for n, (key, text) in enumerate(matches) if route == text or (key == PREFIX and route.startswith(text))), -1
    )
    assert applies(runner, route=route) == {"index": expected}
