"""The JSON Schema and the Markdown of declared settings, as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from jsonschema import Draft202012Validator

from proxywasm import config
from proxywasm.config import Exclusive, Given, NoEffect, Not, Required, key
from proxywasm.config.generate.document import plugin_schema


@dataclass(frozen=True, kw_only=True)
class Window:
    """How requests are counted."""

    seconds: int = key("length of the window", default=60, minimum=1, unit="s")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits what each client may ask for."""

    limit: int = key("requests in a window", minimum=1, example=100)
    mode: Literal["block", "report"] = key("what is done", default="block")
    token: str = key("proves who may ask", default="abc", secret=True, aliases=("key",))
    window: Window = key("how requests are counted", factory=Window)
    note: str = ""

    rules: ClassVar[tuple[config.Rule, ...]] = (
        Required("note", Not(Given("token")), ": say why there is no token"),
        Exclusive("note", "window"),
        NoEffect(("mode",), "nothing is limited", Not(Given("limit"))),
    )


def test_a_schema_describes_every_key() -> None:
    schema = config.json_schema(Settings)
    assert (schema["title"], schema["description"]) == ("Settings", "Limits what each client may ask for.")
    assert schema["required"] == ["limit"]
    assert schema["properties"] == {
        "$schema": True,
        "limit": {"description": "requests in a window", "type": "integer", "minimum": 1, "examples": [100]},
        "mode": {"description": "what is done", "enum": ["block", "report", None], "default": "block"},
        "token": {"description": "proves who may ask", "type": ["string", "null"], "writeOnly": True},
        "key": {"description": "proves who may ask", "type": ["string", "null"], "writeOnly": True, "deprecated": True},
        "window": {"description": "how requests are counted", "anyOf": [{"type": "null"}, {"$ref": "#/$defs/Window"}]},
        "note": {"type": ["string", "null"]},
    }
    assert schema["$defs"]["Window"]["properties"]["seconds"] == {
        "description": "length of the window (seconds)",
        "type": ["integer", "null"],
        "minimum": 1,
        "default": 60,
    }


def test_a_page_describes_every_key() -> None:
    assert config.markdown(Settings) == (
        "Limits what each client may ask for.\n"
        "\n"
        "| key | type | default | meaning |\n"
        "| --- | --- | --- | --- |\n"
        "| `limit` | integer | required | requests in a window; at least 1 |\n"
        "| `mode` | string | `block` | what is done; no effect without `limit`; one of `block`, `report` |\n"
        "| `token` | string |  | proves who may ask; also called `key`; secret |\n"
        "| `window` | object |  | how requests are counted; see Window |\n"
        "| `note` | string |  |  |\n"
        "\n"
        "- `note` is required: say why there is no token.\n"
        "- `note` cannot be combined with `window`.\n"
        "\n"
        "### Window\n"
        "\n"
        "How requests are counted.\n"
        "\n"
        "| key | type | default | meaning |\n"
        "| --- | --- | --- | --- |\n"
        "| `seconds` | integer | `60` | length of the window (seconds); at least 1 |\n"
    )


def test_objects_of_the_same_name_are_told_apart() -> None:
    first = config.Table("Item", {"a": key("", str)})
    second = config.Table("Item", {"b": key("", str)})
    schema = config.json_schema(config.Table("T", {"x": key("", first), "y": key("", second)}))
    assert [[*part["properties"]] for part in schema["$defs"].values()] == [["a"], ["b"]]
    assert Draft202012Validator(schema).is_valid({"x": {"a": "1"}, "y": {"b": "1"}})


def judged(document: dict[str, Any], override: config.Declared | None = Window) -> bool:
    return Draft202012Validator(plugin_schema("p", Window, override)).is_valid(document)


def test_the_schema_of_a_plugin_knows_rules() -> None:
    assert judged({"seconds": 1, "_rules_": [{"_match_route_": ["r"], "seconds": 2}]})
    assert not judged({"_rules_": [{"_match_route_": ["r"], "seconds": 0}]})
    assert not judged({"_rules_": [{"seconds": 2}]})
    assert judged({"_rules_": [{"_match_domain_": ["d"], "anything": 0}]}, override=None)


def test_beside_rules_the_global_part_may_be_missing_as_a_whole() -> None:
    schema = Draft202012Validator(plugin_schema("p", Settings, Settings))
    rules = [{"_match_route_": ["r"], "limit": 1}]
    assert schema.is_valid({"_rules_": rules})
    assert schema.is_valid({"_rules_": rules, "limit": 1})
    assert not schema.is_valid({"_rules_": rules, "mode": "block"})
    assert not schema.is_valid({})


def test_a_string_of_spaces_is_empty_where_spaces_are_removed() -> None:
    table = config.Table("T", {"k": key("", str, trim=True)})
    schema = Draft202012Validator(config.json_schema(table))
    for text, good in ((" ", False), ("", False), (" a ", True)):
        assert (config.problems({"k": text}, table) == []) is good
        assert schema.is_valid({"k": text}) is good
