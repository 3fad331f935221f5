"""The pages for authors are complete, name only what exists, and every Python block in them is executed.

A block is a file of an author's folder: its first line is its name, `# hello.py`. Plugins are loaded and configured,
blocks named `# test_....py` are run by pytest as an author would run them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import proxywasm
from proxywasm import HttpContext, Plugin, PluginContext, RedisClient, log, shared_data
from proxywasm.adapters.native import native_program
from proxywasm.testing import TestHost
from proxywasm.wire import LogLevel
from proxywasm_host.checking.check import check
from proxywasm_host.checking.guest import facts
from proxywasm_host.cli.commands import COMMANDS
from proxywasm_host.cli.scaffold import TEMPLATE
from proxywasm_host.services import HostServices

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text() for name in ("sdk.md", "testing.md", "coming-from-go.md", "rate-limits.md")}
TABLE = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGES["coming-from-go.md"].splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| Go |"))
]

CONFIGS: dict[str, dict[str, Any]] = {
    "auth.py": {},
    "bounded.py": {},
    "greeter.py": {"name": "you"},
    "limit.py": {},
    "shared.py": {},
}
"""Plugins of the pages that no test of their page starts, and a configuration that they accept."""

GO_HTTP_CONTEXT = [
    "Scheme",
    "Host",
    "Path",
    "Method",
    "SetContext",
    "GetContext",
    "GetBoolContext",
    "GetStringContext",
    "GetByteSliceContext",
    "GetUserAttribute",
    "SetUserAttribute",
    "SetUserAttributeMap",
    "GetUserAttributeMap",
    "WriteUserAttributeToLog",
    "WriteUserAttributeToLogWithKey",
    "WriteUserAttributeToTrace",
    "DontReadRequestBody",
    "DontReadResponseBody",
    "BufferRequestBody",
    "BufferResponseBody",
    "NeedPauseStreamingResponse",
    "PushBuffer",
    "PopBuffer",
    "BufferQueueSize",
    "DisableReroute",
    "SetRequestBodyBufferLimit",
    "SetResponseBodyBufferLimit",
    "RouteCall",
    "GetExecutionPhase",
    "HasRequestBody",
    "HasResponseBody",
    "IsWebsocket",
    "IsBinaryRequestBody",
    "IsBinaryResponseBody",
]
GO_PLUGIN_CONTEXT = [
    "SetContext",
    "GetContext",
    "EnableRuleLevelConfigIsolation",
    "IsRuleLevelConfigIsolation",
    "GetFingerPrint",
    "DoLeaderElection",
    "IsLeader",
]
GO_OPTIONS = [
    "ParseConfig",
    "ParseConfigWithContext",
    "ParseRawConfig",
    "ParseOverrideConfig",
    "ParseOverrideRawConfig",
    "ProcessRequestHeaders",
    "ProcessRequestBody",
    "ProcessStreamingRequestBody",
    "ProcessResponseHeaders",
    "ProcessResponseBody",
    "ProcessStreamingResponseBody",
    "ProcessStreamDone",
    "PrePluginStartOrReload",
    "WithLogger",
    "EnableSafeLog",
    "WithRebuildAfterRequests",
    "WithRebuildMaxMemBytes",
    "WithMaxRequestsPerIoCycle",
    "RegisterTickFunc",
]
GO_CLUSTERS = [
    "RouteCluster",
    "TargetCluster",
    "K8sCluster",
    "NacosCluster",
    "StaticIpCluster",
    "DnsCluster",
    "ConsulCluster",
    "FQDNCluster",
    "NewClusterClient",
    "NewRedisClusterClient",
]


@pytest.mark.parametrize("name", [*GO_HTTP_CONTEXT, *GO_PLUGIN_CONTEXT, *GO_OPTIONS, *GO_CLUSTERS])
def test_every_name_of_the_wrapper_is_in_the_table(name: str) -> None:
    assert any(re.search(rf"\b{name}\b", row[0]) for row in TABLE)


def test_no_row_is_empty() -> None:
    assert all(len(row) == 3 and row[0] and row[1] for row in TABLE)


def test_every_python_name_exists() -> None:
    plugin: Plugin[object] = Plugin("docs")
    contexts: list[HttpContext] = []
    plugin.on_request_headers(lambda ctx, config: contexts.append(ctx))
    services = HostServices()
    program = native_program(plugin, services)
    program.configure("", LogLevel.INFO)
    program.on_request_headers(1, [], True)
    owners = {
        "ctx": contexts[0],
        "client": (RedisClient, proxywasm.ClusterClient),
        "log": log,
        "shared_data": shared_data,
        "plugin": plugin,
        "PluginContext": PluginContext,
    }
    text = "".join(PAGES.values())
    for owner, name in re.findall(r"`@?(ctx|client|log|shared_data|plugin|PluginContext)\.([a-z_]\w*)", text):
        found = owners[owner]
        assert any(hasattr(one, name) for one in (found if isinstance(found, tuple) else (found,))), f"{owner}.{name}"


def blocks(page: str) -> dict[str, str]:
    """The Python blocks of a page by their file names."""
    found: dict[str, str] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGES[page], re.DOTALL | re.M):
        name = re.match(r"# (\w+\.py)\n", block)
        assert name, f"{page}: the first line of a Python block has to be its file name, `# hello.py`:\n{block}"
        assert name[1] not in found, f"{page}: two blocks are called {name[1]}"
        found[name[1]] = block
    return found


@pytest.fixture(scope="module", params=["sdk.md", "testing.md"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all blocks of a page, as an author would have written them."""
    made = tmp_path_factory.mktemp("author")
    for name, block in blocks(request.param).items():
        (made / name).write_text(block)
    shutil.copy(TEMPLATE / "recording.json", made)
    return made


def test_every_block_works(folder: Path) -> None:
    # A process of its own, in the author's folder: nothing of this repository's configuration applies there.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "--proxywasm=native"]
    tests = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert re.search(r"(\d+) passed", tests.stdout), tests.stdout


@pytest.mark.slow
def test_every_block_has_the_types_of_the_sdk(folder: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(DOCS.parent / ".mypy_cache"), "."]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_block_is_executed(folder: Path) -> None:
    """Each plugin of a page starts in a test of that page, or here."""
    tests = "".join(file.read_text() for file in folder.glob("test_*.py"))
    for file in sorted(folder.glob("*.py")):
        if not file.name.startswith("test_") and f'"{file.name}"' not in tests:
            assert file.name in CONFIGS, f"{file.name}: no test of the page starts it; add one, or a line to CONFIGS"
            with TestHost(file, CONFIGS[file.name]):
                pass


def test_every_block_is_checked(folder: Path) -> None:
    for file in sorted(folder.glob("*.py")):
        if not file.name.startswith("test_"):
            assert check(file) == []


def test_the_python_of_the_guest_is_the_one_that_was_measured() -> None:
    named = re.search(r"\*\*CPython (3\.\d+)\*\*", PAGES["sdk.md"])
    assert named
    assert facts().measured["python"].startswith(f"{named[1]}.")


def test_every_command_exists() -> None:
    for page in ("sdk.md", "testing.md"):
        for command in re.findall(r"^(?:```sh\n)?proxywasm (\w+)", PAGES[page], re.M):
            assert command in COMMANDS, f"{page}: proxywasm {command}"


@pytest.mark.parametrize("page", sorted(file.name for file in DOCS.glob("*.md")))
def test_every_link_between_pages_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!\w+:)([^)]+)\)", (DOCS / page).read_text()):
        name, _, anchor = target.partition("#")
        linked = DOCS / (name or page)
        assert linked.exists(), f"{page}: {target}"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", linked.read_text(), re.M)
            anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
            anchors |= set(re.findall(r'<a id="([^"]+)">', linked.read_text()))
            assert anchor in anchors, f"{page}: {target}"
