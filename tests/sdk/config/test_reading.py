"""What a plugin gets of its configuration, and what is said of one that is refused."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_network
from typing import Any, ClassVar, Literal

import pytest

from proxywasm import ConfigError, Plugin, config
from proxywasm.adapters.native import native_program
from proxywasm.config import Fault, Given, Is, NoEffect, Not, Required, key
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices


@dataclass(frozen=True, kw_only=True)
class Service:
    name: str = key("the service")
    port: int = key("its port", default=80, minimum=1, maximum=65_535)
    password: str = key("its password", default="", secret=True)


@dataclass(frozen=True, kw_only=True)
class Settings:
    limit: int = key("requests in a window", minimum=1)
    ratio: float = key("the part that is let through", default=1.0, minimum=0, maximum=1)
    mode: Literal["block", "report"] = key("what is done", default="block")
    token: str = key("a secret", default="", secret=True, length=4)
    pin: int = key("another secret", default=0, secret=True, maximum=9999)
    headers: tuple[str, ...] = key(
        "names of headers", default=(), patterns=(config.Pattern("^x-", "must begin with x-"),)
    )
    statuses: tuple[int, ...] = key("statuses", default=(), minimum=100)
    weights: Mapping[str, float] = key("weights by tenant", factory=dict)
    services: tuple[Service, ...] = key("services", default=())
    by_name: Mapping[str, Service] = key("services by name", factory=dict)
    networks: tuple[IPv4Network, ...] = key(
        "networks", tuple[str, ...], default=(), convert=lambda texts: tuple(map(ip_network, texts))
    )
    anything: Any = key("any JSON", default=None)
    plain: bool = False
    notes: list[str] = field(default_factory=list, init=False)

    rules: ClassVar[tuple[config.Rule, ...]] = (
        Required("token", Is("mode", "block"), ": who is blocked wants to know"),
        NoEffect(("pin",), "there is no token", Not(Given("token"))),
    )


OK: dict[str, Any] = {"limit": 5, "token": "abcd"}


def refusal(document: Any, settings: Any = Settings, **how: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.read(document, settings, **how)
    return str(caught.value).split("\n")


def test_values_have_the_types_of_the_fields() -> None:
    document = {
        **OK,
        "ratio": 1,
        "headers": ["x-a"],
        "statuses": [200, 404.0],
        "weights": {"a": 2},
        "services": [{"name": "s"}],
        "by_name": {"t": {"name": "t", "port": 1}},
        "networks": ["10.0.0.0/8"],
        "anything": {"a": [None]},
        "plain": True,
        "_comment": "not read",
        "$schema": "schema.json",
    }
    found = config.read(document, Settings)
    assert found == Settings(
        limit=5,
        token="abcd",
        ratio=1.0,
        headers=("x-a",),
        statuses=(200, 404),
        weights={"a": 2.0},
        services=(Service(name="s"),),
        by_name={"t": Service(name="t", port=1)},
        networks=(IPv4Network("10.0.0.0/8"),),
        anything={"a": [None]},
        plain=True,
    )
    assert [type(one) for one in (found.ratio, found.statuses[1], found.weights["a"])] == [float, int, float]


def test_null_is_a_missing_key_unless_any_value_will_do() -> None:
    assert config.read({**OK, "ratio": None, "anything": None}, Settings).ratio == 1.0
    assert refusal({**OK, "limit": None}) == ["limit: is required: requests in a window"]


def test_all_problems_are_told_at_once_each_with_its_place() -> None:
    document = {
        "limit": 0,
        "ratio": "0.5",
        "mode": "blokc",
        "headers": ["x-a", 1, "b"],
        "statuses": [99, 200],
        "weights": {"a": [], "b": 1},
        "services": [{"name": ""}, 7, {"name": "s", "prot": 1}],
        "by_name": {"t": {"port": 0}},
        "networks": ["10.0.0.1/8"],
        "plain": "true",
        "limits": 7,
    }
    assert refusal(document) == [
        "limit: must be at least 1, got 0",
        'ratio: must be a number, got "0.5"',
        'mode: must be one of block, report, got "blokc"; did you mean block?',
        "headers[1]: must be a string, got 1",
        "headers[2]: must begin with x-",
        "statuses[0]: must be at least 100, got 99",
        "weights.a: must be a number, got array",
        "services[1]: must be an object, got number",
        "services[0].name: is required: the service",
        "services[1].prot: unknown key; did you mean port?",
        "by_name.t.name: is required: the service",
        "by_name.t.port: must be at least 1, got 0",
        "networks: 10.0.0.1/8 has host bits set",
        'plain: must be true or false, got "true"',
        "limits: unknown key; did you mean limit?",
    ]


def test_rules_between_keys() -> None:
    assert refusal({"limit": 1}) == ["token: is required: who is blocked wants to know"]
    assert config.read({"limit": 1, "mode": "report"}, Settings).token == ""
    warnings = config.problems({"limit": 1, "mode": "report", "pin": 7}, Settings)
    assert warnings == [config.Problem(Fault.IDLE, "pin", "has no effect: there is no token")]


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize(
    "more",
    [
        {"token": "secret"},
        {"token": ["secret"]},
        {"token": 5_551_234},
        {"pin": 5_551_234},
        {"pin": "5551234"},
        {"pin": "secret"},
        {"services": "secret"},
        {"services": ["secret"]},
        {"by_name": {"a": "secret"}},
        {"services": [{"name": "s", "password": 5_551_234}]},
    ],
)
def test_secrets_are_not_printed(more: dict[str, Any], lenient: bool) -> None:
    text = str(refusal({**OK, **more}, lenient=lenient))
    told = str(config.problems({**OK, **more}, Settings, lenient=lenient))
    assert "5551234" not in text + told
    assert "secret" not in text + told
    assert "abcd" not in repr(config.read(OK, Settings))


def test_a_secret_that_cannot_be_converted_is_not_printed() -> None:
    table = config.Table("T", {"net": key("a network", str, secret=True, convert=ip_network)})
    assert refusal({"net": "10.0.0.x"}, table) == ["net: has a wrong value"]

    def refuse(service: Service) -> None:
        raise ValueError(f"{service.name} does not know {service.password}")

    table = config.Table("T", {"service": key("a service", Service, convert=refuse)})
    assert refusal({"service": {"name": "s", "password": "secret"}}, table) == ["service: has a wrong value"]


def test_a_secret_is_in_no_traceback_of_what_converts_it() -> None:
    def look_up(value: str) -> str:
        return {"known": "value"}[value]

    table = config.Table("T", {"token": key("a token", str, secret=True, convert=look_up)})
    expected = ["token: has a wrong value: what converts it raised KeyError"]
    document = {"token": "".join(["ab", "cd"])}
    with pytest.raises(ConfigError) as refused:
        config.read(document, table)
    assert str(refused.value).splitlines() == expected
    assert "abcd" not in "".join(traceback.format_exception(refused.value))
    open_table = config.Table("T", {"name": key("a name", str, convert=look_up)})
    with pytest.raises(KeyError):
        config.read({"name": "abcdefg"}, open_table)


@dataclass(frozen=True, kw_only=True)
class Range:
    least: int = key("the least", default=0)
    most: int = key("the most", default=9)

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError(f"least is {self.least}, and most {self.most}")


@dataclass(frozen=True, kw_only=True)
class SecretRange(Range):
    token: str = key("a token", secret=True)

    def __post_init__(self) -> None:
        if self.token == "loud":
            raise ValueError(self.token)
        if self.token == "known":
            raise ConfigError("token: is known to everybody")


def test_a_class_may_check_its_values_itself() -> None:
    table = config.Table("T", {"ranges": key("", tuple[Range, ...], default=()), "limit": key("", int, default=0)})
    assert refusal({"ranges": [{}, {"least": 5, "most": 4}], "limit": "x"}, table) == [
        "ranges[1]: least is 5, and most 4",
        'limit: must be an integer, got "x"',
    ]
    assert refusal({"least": 10}, Range) == ["least is 10, and most 9"]
    assert refusal({"token": "loud"}, SecretRange) == ["has values that do not fit together"]
    assert refusal({"token": "known"}, SecretRange) == ["token: is known to everybody"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("", '""'), ("a\nb: fine", r'"a\nb: fine"'), ("x" * 1000, f'"{"x" * 200}"...'), ("größe", "größe")],
)
def test_each_problem_is_one_line_of_a_bounded_length(name: str, shown: str) -> None:
    assert refusal({name: 1}, config.Table("T", {"k": key("", int, default=0)})) == [f"{shown}: unknown key"]


def test_the_texts_of_converters_that_know_better() -> None:
    def even(values: tuple[int, ...]) -> tuple[int, ...]:
        for index, value in enumerate(values):
            if value % 2:
                raise config.Invalid("must be even", f"[{index}]")
        return values

    table = config.Table(
        "T", {"even": key("even numbers", tuple[int, ...], convert=even), "re": key("", str, convert=re.compile)}
    )
    assert refusal({"even": [2, 3], "re": "("}, table) == [
        "even[1]: must be even",
        "re: missing ), unterminated subpattern at position 0",
    ]


def test_lenient_reading_understands_slips_and_reports_them() -> None:
    document = {"limit": "5", "mode": "REPORT", "headers": "x-a", "plain": "True", "ratio": "0.5", "limits": 1}
    assert config.read(document, Settings, lenient=True) == Settings(
        limit=5, mode="report", headers=("x-a",), plain=True, ratio=0.5
    )
    assert [f"{one.fault.name} {one}" for one in config.problems(document, Settings, lenient=True)] == [
        "SPELLING limit: understood; write 5 without quotes",
        "SPELLING ratio: understood; write 0.5 without quotes",
        "SPELLING mode: understood; write it as report",
        "SPELLING headers: understood; write it as an array with one string",
        "SPELLING plain: understood; write true without quotes",
        "IGNORED limits: unknown key, ignored; did you mean limit?",
    ]


def test_names_of_an_object() -> None:
    table = config.Table("T", {"on": key("switches", dict[Literal["first", "last"], bool], factory=dict)})
    assert config.read({"on": {"last": True}}, table) == {"on": {"last": True}}
    assert refusal({"on": {"lats": True, "x": True}}, table) == [
        "on.lats: unknown name; did you mean last? Known are: first, last",
        "on.x: unknown name; known are: first, last",
    ]


def test_another_name_of_a_key() -> None:
    table = config.Table("T", {"new": key("a key", str, aliases=("old",))})
    assert config.read({"old": "x"}, table) == {"new": "x"}
    assert [str(one) for one in config.problems({"old": "x"}, table)] == ["old: understood; it is called new"]
    assert refusal({"old": "x", "new": "y"}, table) == ["old: cannot be given beside new, of which it is another name"]


def test_a_table_has_keys_that_no_field_can_be_called_as() -> None:
    table = config.Table(
        "Limits",
        {"per-minute": key("requests", int, default=60), "x-key": key("header", str, default="")},
        rules=(config.Exclusive("per-minute", "x-key"),),
    )
    assert config.read({"per-minute": 0, "x-key": "a"}, table) == {"per-minute": 0, "x-key": "a"}
    assert refusal({"x-key": "a"}, table) == ["per-minute: cannot be combined with x-key"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "the configuration must be an object, got array"),
        ('{"limit": 1e999}', "limit: must be an integer, got a number out of range"),
        ('{"limit": 1, "anything": [1e999]}', "anything: a number is out of range"),
        ('{"limit": 1, "mode": "report", "weights": {"a": NaN}}', "weights.a: a number is out of range"),
        (f'{{"limit": -{"9" * 50}}}', "limit: must be at least 1, got number"),
        (f'{{"limit": 1, "weights": {{"a": {"9" * 400}}}}}', "weights.a: a number is out of range"),
    ],
)
def test_documents_that_are_hardly_json(text: str, message: str) -> None:
    assert refusal(json.loads(text))[0] == message


def test_a_document_that_is_nested_too_deeply() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert refusal({**OK, "anything": deep}) == ["the configuration is nested too deeply"]


def test_a_plugin_reads_its_configuration() -> None:
    plugin: Plugin[str] = Plugin("p")
    plugin.parse_config(config.reader(Settings, then=lambda settings: f"{settings.limit} {settings.mode}"))
    assert plugin.callbacks.parse_config is not None
    assert plugin.callbacks.parse_config(OK) == "5 block"


def test_warnings_are_in_the_plugins_log() -> None:
    plugin: Plugin[Settings] = Plugin("p")
    plugin.parse_config(config.reader(Settings))
    services = HostServices()
    document = json.dumps({"limit": 1, "mode": "report", "pin": 7})
    native_program(plugin, services).configure(document, LogLevel.INFO)
    assert [record.message for record in services.logs] == ["pin: has no effect: there is no token"]


MODULES = ["proxywasm.config", *(one.name for one in pkgutil.walk_packages(config.__path__, "proxywasm.config."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
