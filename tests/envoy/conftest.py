"""Modules, built at most once per change of their sources, and Envoy to run them in."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.bundle import ROOT, configuration

from proxywasm_host.gateway.envoy.messages import Json
from proxywasm_host.gateway.envoy.wasm_filter import Policy
from proxywasm_host.gateway.model import Limits
from proxywasm_host.testing.envoy import missing

from .envoy_process import Envoy, Listener, envoys, features_filter, filter_of, one_envoy
from .flagship import rules
from .http1 import Http1Upstream
from .http2 import Http2Upstream
from .upstream import Mirror, RecordedUpstream, serving

TRAPPING: list[Policy] = ["FAIL_OPEN", "FAIL_RELOAD"]
"""Failure policies; each has a listener of its name."""
FRAMING = ROOT / "tests" / "host" / "testing" / "plugins" / "framing.py"


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    if reason := missing():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def upstream_port() -> Iterator[int]:
    with serving(Mirror()) as port:
        yield port


@pytest.fixture(scope="session")
def silent_port() -> Iterator[int]:
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="session")
def mirror() -> Mirror:
    """The upstream of `framing`. It reads strictly, and fails at the end if it could not."""
    return Mirror()


class Upstreams:
    """Those of `framing_http2`, by the version of HTTP that they speak; they read strictly, too."""

    def __init__(self) -> None:
        self.of: dict[str, Http1Upstream | Http2Upstream] = {"1": Http1Upstream(), "2": Http2Upstream()}


@pytest.fixture(scope="session")
def upstreams() -> Upstreams:
    return Upstreams()


@pytest.fixture(scope="session")
def together(
    bundle_module: Path, upstream_port: int, silent_port: int, mirror: Mirror, upstreams: Upstreams
) -> Iterator[Mapping[str, Envoy]]:
    """One process for all tests that leave it alive. Each listener has a VM of its own, which may trap."""

    def framing(vm: str) -> list[Json]:
        return [filter_of(bundle_module, json.loads(configuration(FRAMING, "{}")), vm=vm)]

    def collecting(number: int) -> Json:
        document = {"_fail_open_": True, "number": number}
        return features_filter(bundle_module, document, name=f"f{number}", vm="collecting")

    with (
        socket.socket() as unused,
        serving(mirror) as framed,
        serving(upstreams.of["1"]) as first,
        serving(upstreams.of["2"]) as second,
    ):
        unused.bind(("127.0.0.1", 0))  # nothing listens there
        clusters = {"upstream": upstream_port, "silent": silent_port, "closed": unused.getsockname()[1]}
        features = features_filter(bundle_module, {"greeting": "hé", "_plugin_id_": "p1"})
        listeners = {
            "features": Listener(clusters, [features]),
            "framing": Listener({"framed": framed}, framing("framing")),
            "framing_http2": Listener({"1": first, "2": second}, framing("framing_http2"), http2=["2"]),
            "collecting": Listener({"collected": upstream_port}, [collecting(1), collecting(2)]),
        }
        for policy in TRAPPING:
            trapping = features_filter(bundle_module, {}, policy, vm=policy)
            listeners[policy] = Listener({policy: upstream_port}, [trapping])
        with envoys(listeners) as running:
            yield running


@pytest.fixture(scope="session")
def envoy(together: Mapping[str, Envoy]) -> Envoy:
    """For tests that leave the plugin alive."""
    return together["features"]


@pytest.fixture(scope="session")
def player() -> RecordedUpstream:
    return RecordedUpstream()


@pytest.fixture(scope="session")
def ai_proxy(ai_proxy_module: Path, player: RecordedUpstream) -> Iterator[Envoy]:
    """With as much buffer as gateway files give."""
    filters = [filter_of(ai_proxy_module, {"_rules_": rules()})]
    with serving(player) as port, one_envoy(Listener({"upstream": port}, filters, Limits().body)) as envoy:
        yield envoy
