"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.import_graph import import_graph, module_files, reachable
from tests.layers import Layers, circles

ROOT = Path(__file__).parent.parent
GENERATED = {"wit_world", "componentize_py_types", "componentize_py_runtime", "proxywasm_plugin"}
ENTRY_FILES = {f"sdk/proxywasm/adapters/{name}.py" for name in ("component", "component_host", "proxy_wasm")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OUTSIDE = {"tests", "benchmarks", "tools", "examples"}
"""Folders that only the repository has."""
LAYERS = [
    Layers("sdk", "proxywasm", {
        "adapters": {"abi", "adapters", "testing"},
        "facade": {
            "", "attributes", "clusters", "config", "context", "http_client", "limits", "loading", "log", "metrics",
            "plugin", "plugin_context", "properties", "redis", "redis_answer", "redis_commands", "route_call",
            "sending_again", "shared_data", "token_usage",
        },
        "core": {"core"},
        "vocabulary": {
            "batch", "callback_functions", "checks", "connection_headers", "errors", "field_text", "fields", "framing",
            "headers", "helpers", "json_bounds", "made_plugins", "replies", "resp", "sse", "text", "wire",
        },
    }),
    Layers("plugins", "ai_proxy", {
        "what authors import": {"kit"},
        "the package": {""},
        "which function answers which phase": {"plugin"},
        "the document": {"configuration"},
        "the way of one exchange": {"pipeline"},
        "the table of providers": {"providers"},
        "wire protocols, and what requests wait for": {"protocols", "fetching"},
        "credentials": {"credentials"},
        "settings": {"config"},
        "what models and services accept": {"profiles"},
        "formats and limits": {"wire"},
    }),
    Layers("plugins", "ai_common", {
        "what plugins import": {""},
        "limits of rates, what an answer has used": {"rate_limits", "seen"},
        "parts": {"consumer", "errors", "usage"},
    }),
    Layers("plugins", "ai_quota", {
        "the package": {""},
        "which function answers which phase": {"plugin"},
        "the paths for administrators": {"admin"},
        "the document": {"configuration"},
        "balances": {"balances"},
        "amounts and months": {"money", "time_zone", "zones"},
    }),
    Layers("plugins", "ai_statistics", {
        "the package": {""},
        "which function answers which phase": {"plugin"},
        "one request and its answer": {"measurement"},
        "metrics, values for the access log": {"counted", "values"},
        "the document": {"configuration"},
        "labels": {"names"},
    }),
    Layers("plugins", "key_auth", {
        "the package": {""},
        "which function answers which phase": {"plugin"},
        "the document": {"configuration"},
        "keys of requests, and whose they are": {"presented", "keyring"},
    }),
    Layers("plugins", "request_ratelimit", {
        "the package": {""},
        "which function answers which phase": {"plugin"},
        "the document": {"configuration"},
    }),
    Layers("plugins", "ai_token_ratelimit", {
        "the package": {""},
        "which function answers which phase": {"plugin"},
        "the document": {"configuration"},
        "what a request will use": {"estimate"},
    }),
    Layers("host", "proxywasm_host", {
        "entries: the command line, the fixture for pytest": {"cli", "pytest_plugin"},
        "test kit, benchmark": {"testing", "bench"},
        "gateway file and Envoy, recordings, checks of sources, images": {
            "gateway", "recordings", "checking", "packaging",
        },
        "builds": {"building"},
        "engine and instances": {"wasm"},
        "the stream runner": {"stream"},
        "what a plugin asks of its host": {"services"},
        "cache, limits, reading of files": {"", "cache", "limit_fields", "reading"},
    }),
]  # fmt: skip
"""Packages whose modules import in one direction; docs/design.md explains the layers."""


PIVOT = "pivot"
"""The folder that the wire protocols of ai_proxy share."""
PROTOCOL_REGISTRY = ["protocols", "clients"]
"""The one module beside the folders that knows which there are."""
PROTOCOL_IMPORTS = {("google", "anthropic")}
"""Protocols that contain another one: Vertex AI has Anthropic's models, in Anthropic's format."""


def modules(folder: str) -> Iterator[Path]:
    return (ROOT / folder).rglob("*.py")


def imports(path: Path) -> set[str]:
    """The top-level names of the modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def run(*words: str) -> str:
    """The output of a tool; empty when it is content."""
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_sdk_imports_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.path.insert(0, 'sdk'); import proxywasm; print(*sys.modules)"
    assert run("-I", "-S", "-W", "error", "-c", code) == ""


def test_only_entry_files_import_generated_bindings() -> None:
    users = {str(path.relative_to(ROOT)) for folder in ("sdk", "host", "plugins") for path in modules(folder)
             if imports(path) & GENERATED}  # fmt: skip
    assert users <= ENTRY_FILES


def test_arrows_point_one_way() -> None:
    for path in modules("plugins"):
        assert "proxywasm_host" not in imports(path), path
    for path in modules("sdk"):
        # The test kit is the one door from the author's namespace to the host; components are built without it.
        if path.name != "testing.py":
            assert "proxywasm_host" not in imports(path), path


@pytest.mark.parametrize("layers", LAYERS, ids=lambda layers: layers.package)
def test_each_module_belongs_to_one_layer(layers: Layers) -> None:
    graph = layers.graph(ROOT)
    assert {module: found for module in graph if len(found := layers.of(module)) != 1} == {}
    assert layers.unknown(graph) == []


@pytest.mark.parametrize("layers", LAYERS, ids=lambda layers: layers.package)
def test_imports_point_to_the_same_layer_or_a_lower_one(layers: Layers) -> None:
    assert layers.upward(layers.graph(ROOT)) == []


@pytest.mark.parametrize("layers", LAYERS, ids=lambda layers: layers.package)
def test_no_modules_import_each_other_in_a_circle(layers: Layers) -> None:
    assert circles(layers.graph(ROOT)) == []


def test_what_is_installed_imports_nothing_that_only_the_repository_has() -> None:
    for folder in ("sdk", "host", "plugins"):
        for path in modules(folder):
            assert not imports(path) & OUTSIDE, path
    for folder in ("benchmarks", "tools"):
        for path in modules(folder):
            assert "tests" not in imports(path), path


def test_the_wheel_has_no_tests_and_no_benchmarks_beside_other_products() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    sources = [*wheel["packages"], *wheel["force-include"]]
    files = [path.relative_to(ROOT) for source in sources for path in (ROOT / source).rglob("*") if path.is_file()]
    assert len(files) > 100
    assert [path for path in files if OUTSIDE & set(path.parts)] == []


def test_every_module_of_the_host_is_for_those_who_install_it() -> None:
    """What only tests, benchmarks or maintainers need lies in their folders."""
    graph = import_graph(module_files(ROOT / "host") | module_files(ROOT / "sdk"))
    entries = [PROJECT["project"]["scripts"], PROJECT["project"]["entry-points"]["pytest11"]]
    starts = {value.partition(":")[0] for entry in entries for value in entry.values()}
    used = reachable(graph, {*starts, "proxywasm.testing"})
    templates = {name for name in graph if name.startswith("proxywasm_host.cli.templates.")}
    assert {name for name in graph if name.startswith("proxywasm_host.")} - used - templates == set()


def proxy_imports() -> Iterator[tuple[list[str], list[str]]]:
    """Pairs of modules of ai_proxy, as their names below it; the first imports the second."""
    (layers,) = (one for one in LAYERS if one.package == "ai_proxy")
    for module, imported in layers.graph(ROOT).items():
        for other in imported:
            yield module.split(".")[1:], other.split(".")[1:]


def test_wire_protocols_and_what_requests_wait_for_do_not_import_each_other() -> None:
    folders = {(module[0], other[0]) for module, other in proxy_imports() if module and other}
    assert not {("protocols", "fetching"), ("fetching", "protocols")} & folders


def protocol(module: list[str]) -> str:
    """The folder of a wire protocol that a module lies in; empty: none."""
    return module[1] if module[:1] == ["protocols"] and len(module) > 2 else ""


def test_a_wire_protocol_imports_no_other() -> None:
    crossing = {
        (protocol(module), protocol(other))
        for module, other in proxy_imports()
        if module[:1] == ["protocols"] and module != PROTOCOL_REGISTRY
        if protocol(other) and protocol(other) not in {protocol(module), PIVOT}
    }
    assert crossing == PROTOCOL_IMPORTS


@pytest.mark.slow
@pytest.mark.parametrize("words", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]])
def test_linters_are_content(words: list[str]) -> None:
    assert run("-m", *words) == ""
