"""`configSchema` of `spec.yaml`: a structural schema of OpenAPI 3.0 that accepts what the plugin accepts.

The plain words of schema objects mean the same in draft 4 of JSON Schema, which OpenAPI 3.0 is made of. So a validator
of that draft judges the documents; the rules of OpenAPI 3.0.3 and of Kubernetes' structural schemas are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator
from tests.bundle import SHIPPED

from ai_proxy.providers import ROWS
from ai_proxy_docs.examples import example
from proxywasm import Plugin
from proxywasm.adapters.native import load_plugin
from proxywasm_host.packaging.contents import spec_yaml
from proxywasm_host.packaging.metadata import Metadata
from proxywasm_host.packaging.openapi import config_schema
from proxywasm_host.packaging.settings import schema_of

ROOT = Path(__file__).parents[3]
PLUGINS = sorted({*SHIPPED, "ai_proxy"})
WORDS = {
    "type", "nullable", "properties", "items", "additionalProperties", "required", "title", "description", "default",
    "example", "enum", "format", "pattern", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "deprecated", "writeOnly",
}  # fmt: skip
"""Of schema objects in OpenAPI 3.0.3. Kubernetes' structural schemas have no types in `anyOf`."""
ANYTHING = "x-kubernetes-preserve-unknown-fields"
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def spec_of(name: str) -> dict[str, Any]:
    source = ROOT / "plugins" / name
    loaded = load_plugin(source)
    text = spec_yaml(loaded.name, schema_of(loaded, source), Metadata())
    assert not [event for event in yaml.parse(text) if isinstance(event, yaml.AliasEvent)]
    found: dict[str, Any] = yaml.safe_load(text)
    return found


SCHEMAS = {name: spec_of(name)["spec"]["configSchema"]["openAPIV3Schema"] for name in PLUGINS}


def nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from nodes(inner)
    for word in ("items", "additionalProperties"):
        if word in schema:
            yield from nodes(schema[word])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_schema_is_structural_and_one_of_openapi_3(plugin: str) -> None:
    schema = SCHEMAS[plugin]
    assert schema["type"] == "object"
    assert schema["properties"]
    Draft4Validator.check_schema(schema)
    for each in nodes(schema):
        assert set(each) <= WORDS | {ANYTHING, "scope"}
        described = {"properties", "additionalProperties", ANYTHING}.intersection(each)
        if each.get("type") == "object":
            assert len(described) == 1
        else:
            assert described == (set() if "type" in each else {ANYTHING})
        assert ("items" in each) == (each.get("type") == "array")
        assert None not in each.get("enum", ())


def documents(plugin: str) -> Iterator[Any]:
    """The configurations of this plugin in the example and the pages."""
    texts = [(ROOT / "examples" / "protection.yaml").read_text(encoding="utf-8")]
    for page in sorted((ROOT / "docs").glob("*.md")):
        texts += BLOCK.findall(page.read_text(encoding="utf-8"))
    for text in texts:
        for document in yaml.safe_load_all(text):
            for entry in _entries(document):
                if entry.get("source") == plugin and "config" in entry:
                    yield entry["config"]
    for row in ROWS if plugin == "ai_proxy" else ():
        yield {"provider": example(row)}


def _entries(document: Any) -> Iterator[dict[str, Any]]:
    plugins = document.get("plugins") if isinstance(document, dict) else document
    yield from (entry for entry in plugins or () if isinstance(entry, dict)) if isinstance(plugins, list) else ()


@pytest.mark.parametrize("plugin", [name for name in PLUGINS if name != "ai_statistics"])
def test_the_schema_accepts_the_documented_configurations(plugin: str) -> None:
    found = list(documents(plugin))
    assert found
    for document in found:
        errors = [error.message for error in Draft4Validator(SCHEMAS[plugin]).iter_errors(document)]
        assert not errors, (document, errors)


@pytest.mark.parametrize(
    ("plugin", "document"),
    [
        ("key_auth", {"consumers": [{"name": "alice"}]}),
        ("key_auth", {"keys": ["apikey"]}),
        ("ai_statistics", {"max_models": "many"}),
        ("ai_quota", {"admin_consumer": "a", "redis": {"service_port": 6379}}),
        ("request_ratelimit", {"rule_name": "r", "global_threshold": {"concurrent_streams": 0}}),
        ("ai_token_ratelimit", {"rule_name": "r", "rule_items": [{"limit_by_header": "a"}]}),
        ("ai_proxy", {"provider": {"type": "no-such-service"}}),
        ("ai_proxy", {"provider": {"apiTokens": ["sk-1"]}}),
        ("ai_proxy", {"provider": {"type": "qwen", "apiTokens": "sk-1"}}),
        ("ai_proxy", {"providers": [{"type": "qwen", "qwenEnableSearch": "yes"}]}),
        ("ai_proxy", {"routing": {"strategy": "fastest"}}),
    ],
)
def test_the_schema_refuses_what_is_wrong(plugin: str, document: Any) -> None:
    assert not Draft4Validator(SCHEMAS[plugin]).is_valid(document)


def test_scopes_say_where_a_key_can_be_set() -> None:
    schema = SCHEMAS["key_auth"]
    scopes = {name: key["scope"] for name, key in schema["properties"].items()}
    assert (scopes["consumers"], scopes["global_auth"], scopes["allow"]) == ("GLOBAL", "GLOBAL", "ALL")
    assert schema["required"] == ["consumers"]
    assert {key["scope"] for key in SCHEMAS["ai_proxy"]["properties"].values()} == {"ALL"}


def test_keys_of_ai_proxy_that_depend_on_the_service_are_described() -> None:
    provider = SCHEMAS["ai_proxy"]["properties"]["provider"]
    assert provider["required"] == ["type"]
    assert provider["properties"]["qwenDomain"]["type"] == "string"
    assert SCHEMAS["ai_proxy"]["properties"]["providers"]["items"]["properties"] == provider["properties"]
    # Two services have a key of this name, with another default each.
    assert "default" not in provider["properties"]["apiVersion"]


def test_a_value_that_may_be_anything_says_so() -> None:
    assert config_schema(None) == {"type": "object", ANYTHING: True}
    key = SCHEMAS["request_ratelimit"]["properties"]["rule_items"]["items"]["properties"]["limit_keys"]["items"]
    assert key["properties"]["key"][ANYTHING] is True


def test_a_plugin_that_does_not_declare_its_settings_may_have_any() -> None:
    plugin: Plugin[Any] = Plugin("undeclared")
    assert schema_of(plugin, ROOT / "examples" / "tick.py") is None
