"""The guide is complete and names only what exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import proxywasm
from proxywasm import HttpContext, Plugin, PluginContext, RedisClient, log, shared_data
from proxywasm.adapters.native import native_program
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices

GUIDE = (Path(__file__).parents[2] / "docs" / "sdk.md").read_text()
TABLE = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GUIDE[GUIDE.index("## Side by side") :].splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| Go |"))
]

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
    for owner, name in re.findall(r"`@?(ctx|client|log|shared_data|plugin|PluginContext)\.([a-z_]\w*)", GUIDE):
        found = owners[owner]
        assert any(hasattr(one, name) for one in (found if isinstance(found, tuple) else (found,))), f"{owner}.{name}"
    for name in re.findall(r"from proxywasm import (.*)", GUIDE):
        for part in name.split(","):
            assert hasattr(proxywasm, part.strip()), part


def test_every_example_is_python() -> None:
    examples = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(examples) >= 4
    for example in examples:
        ast.parse(example)
