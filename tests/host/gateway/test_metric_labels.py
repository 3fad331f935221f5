"""Labels of plugins' metrics: the same in our own host's page and in Envoy's."""

from __future__ import annotations

import re

import pytest

from proxywasm.wire import MetricKind
from proxywasm_host.gateway.live.admin.exposition import exposition
from proxywasm_host.gateway.live.shared import Shared
from proxywasm_host.gateway.metric_labels import envoy_tags, labels_of

NAMES = {
    "ai_requests.consumer.alice.model.qwen-max.provider.qwen":
        ("ai_requests", {"consumer": "alice", "model": "qwen-max", "provider": "qwen"}),
    "ai_errors.consumer.a%2Eb.model.other.provider.none.reason.cut":
        ("ai_errors", {"consumer": "a.b", "model": "other", "provider": "none", "reason": "cut"}),
    "ai_requests.consumer.model.model.consumer.provider.reason":
        ("ai_requests", {"consumer": "model", "model": "consumer", "provider": "reason"}),
    "limits_storage_failures.limiter.tokens%3Aall": ("limits_storage_failures", {"limiter": "tokens:all"}),
    "requests.tenant.acme": ("requests.tenant.acme", {}),
    "my.model.of.things": ("my.model.of.things", {}),
    "plain": ("plain", {}),
    "ai_requests.consumer": ("ai_requests.consumer", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_those_that_the_sdk_has_written(name: str) -> None:
    assert labels_of(name) == NAMES[name]


@pytest.mark.parametrize("name", [name for name, (_, labels) in NAMES.items() if labels])
def test_envoy_finds_the_same_labels(name: str) -> None:
    """Of each expression, Envoy takes the first group out of the name; the second is the value."""
    whole = f"wasmcustom.{name}"
    matches = {tag["tag_name"]: re.search(tag["regex"], whole) for tag in envoy_tags()}
    found = {label: match for label, match in matches.items() if match is not None}
    base, labels = NAMES[name]
    assert {label: match[2] for label, match in found.items()} == {label: quote(labels[label]) for label in found}
    assert found.keys() == labels.keys()
    for match in sorted(found.values(), key=lambda match: -match.start(1)):
        whole = whole[: match.start(1)] + whole[match.end(1) :]
    assert whole == f"wasmcustom.{base}"


def quote(text: str) -> str:
    return text.replace(".", "%2E").replace(":", "%3A")


def shown(*metrics: tuple[MetricKind, str]) -> list[str]:
    """The page's samples for metrics of the plugin `p`, each counted once."""
    shared = Shared(["p"])
    for kind, name in metrics:
        shared.metrics["p"].increment(shared.metrics["p"].define(kind, name), 1)
    return [line for line in exposition(shared).decode().splitlines() if line[:1] != "#" and 'plugin="p"' in line]


def test_the_page_of_our_own_host_has_labels() -> None:
    lines = shown(
        (MetricKind.COUNTER, "ai_requests.consumer.alice.model.a%2Eb.provider.none"),
        (MetricKind.COUNTER, "ai_requests.consumer.bob.model.a%2Eb.provider.none"),
        (MetricKind.COUNTER, "requests.tenant.acme"),
    )
    assert lines == [
        'ai_requests_total{consumer="alice",model="a.b",plugin="p",provider="none"} 1.0',
        'ai_requests_total{consumer="bob",model="a.b",plugin="p",provider="none"} 1.0',
        'requests_tenant_acme_total{plugin="p"} 1.0',
    ]


def test_one_name_has_one_set_of_labels() -> None:
    lines = shown(
        (MetricKind.COUNTER, "n.model.a"), (MetricKind.COUNTER, "n.kind.b"), (MetricKind.GAUGE, "n.model.a"),
        (MetricKind.COUNTER, "n"),
    )  # fmt: skip
    assert len(lines) == 4
    assert len({line.partition("{")[0] for line in lines}) >= 3
