"""The files for Higress: examples/protection.higress.yaml is the gateway of examples/protection.yaml."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from tests.host.serve_process import ROOT

from proxywasm.core.rules import RULES
from proxywasm.testing import TestHost

EXAMPLES, DOCS = ROOT / "examples", ROOT / "docs"
RESOURCES = list(yaml.safe_load_all((EXAMPLES / "protection.higress.yaml").read_text(encoding="utf-8")))
PLUGINS: dict[str, dict[str, Any]] = {
    each["metadata"]["name"]: each["spec"] for each in RESOURCES if each["kind"] == "WasmPlugin"
}
ORDER = ("AUTHN", "AUTHZ", "STATS", "UNSPECIFIED_PHASE")
"""Of phases, as Istio and Higress have it; in a phase the greatest priority is first."""
FIELDS = {"url", "phase", "priority", "failStrategy", "defaultConfig", "matchRules"}
SECRETS = {"key-of-bob-put-your-own-here": "${ENV:KEY_OF_BOB}", "sk-...": "${ENV:DASHSCOPE_API_KEY}"}


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in RESOURCES if each["kind"] == kind]


def configuration(spec: dict[str, Any]) -> dict[str, Any]:
    """What Higress gives the plugin: its matchRules are rules of the configuration."""
    rules = [{"_match_route_": rule["ingress"], **rule["config"]} for rule in spec.get("matchRules", ())]
    return {**spec["defaultConfig"], **({RULES: rules} if rules else {})}


def with_placeholders(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_placeholders(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_placeholders(inner) for inner in value]
    return SECRETS.get(value, value) if isinstance(value, str) else value


def gateway_file() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / "protection.yaml").read_text(encoding="utf-8"))
    return found


def test_the_plugins_have_the_configurations_and_the_order_of_the_gateway_file() -> None:
    first_to_last = sorted(PLUGINS.items(), key=lambda each: (ORDER.index(each[1]["phase"]), -each[1]["priority"]))
    found = [(name, with_placeholders(configuration(spec))) for name, spec in first_to_last]
    assert found == [(plugin["name"], plugin.get("config", {})) for plugin in gateway_file()["plugins"]]


def test_each_plugin_starts_with_what_higress_gives_it() -> None:
    for name, spec in PLUGINS.items():
        assert set(spec) <= FIELDS
        host = TestHost(f"plugins/{name.replace('-', '_')}", configuration(spec))
        assert not [line for line in host.messages if line.startswith(("[warn]", "[error]"))]


def test_the_routes_are_those_of_the_gateway_file_and_lead_to_the_service() -> None:
    paths = {}
    (bridge,) = of_kind("McpBridge")
    (registry,) = bridge["spec"]["registries"]
    for ingress in of_kind("Ingress"):
        annotations = ingress["metadata"]["annotations"]
        assert annotations["higress.io/destination"] == f"{registry['name']}.{registry['type']}"
        assert annotations["higress.io/proxy-ssl-name"] == registry["domain"]
        (rule,) = ingress["spec"]["rules"]
        (path,) = rule["http"]["paths"]
        assert path["backend"]["resource"]["name"] == bridge["metadata"]["name"]
        key = {"Exact": "path", "Prefix": "path_prefix"}[path["pathType"]]
        paths[ingress["metadata"]["name"]] = {key: path["path"]}
    assert paths == {route["name"]: route["match"] for route in gateway_file()["routes"]}
    named = {name for spec in PLUGINS.values() for rule in spec.get("matchRules", ()) for name in rule["ingress"]}
    assert named <= set(paths)


@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_the_pages_package_the_images_that_the_resources_load(name: str) -> None:
    spec = PLUGINS[name]
    (command,) = re.findall(
        rf"^proxywasm package {name.replace('-', '_')} (.*)$", (DOCS / "protection.md").read_text("utf-8"), re.MULTILINE
    )
    assert f"--oci {name} --version {spec['url'].rpartition(':')[2]} " in command
    assert f"--priority {spec['priority']}" in command
    assert ("--phase AUTHN" in command) == (spec["phase"] == "AUTHN")
    assert spec["url"] == f"oci://registry.example.com/plugins/{name}:1.0.0"
