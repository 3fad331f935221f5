"""In which order an Envoy that runs gets the files of a new configuration."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.test_stages import gateway_of

from proxywasm_host.gateway.envoy import bootstrap
from proxywasm_host.gateway.envoy.dynamic import CLUSTERS, ROUTES, SECOND_ROUTES, divide
from proxywasm_host.gateway.envoy.stages import SECOND_STAGE

CHAIN = ("limits", "proxy", "last")


def files(*, sends_again: bool) -> dict[str, Any]:
    gateway = gateway_of(*({"name": name, "sends_again": sends_again and name == "proxy"} for name in CHAIN))
    modules = {name: Path(__file__) for name in CHAIN}
    return divide(bootstrap(gateway, modules, None, changeable=True), Path("/folder"), 8)[1]


def met(found: dict[str, Any]) -> Counter[str]:
    """How often a request meets each plugin. That of the second stage is the same one."""
    prefixes = ["plugins.", "second."] if f'"cluster": "{SECOND_STAGE}"' in json.dumps(found[ROUTES]) else ["plugins."]
    filters = [
        content["resources"][0]["typed_config"] for name, content in found.items() if name.startswith((*prefixes,))
    ]
    return Counter(each["config"]["root_id"] for each in filters if "config" in each)


@pytest.mark.parametrize("begins", [True, False])
def test_no_request_misses_a_plugin_while_a_second_stage_begins_or_ends(begins: bool) -> None:
    running, new = files(sends_again=not begins), files(sends_again=begins)
    assert met(running).keys() == met(new).keys() == {*CHAIN}
    for name, content in new.items():
        running[name] = content
        assert met(running).keys() == {*CHAIN}, name
    assert running == new


def test_requests_go_to_the_second_stage_only_when_it_is_complete() -> None:
    names = [*files(sends_again=True)]
    assert names[0] == CLUSTERS
    assert names.index("second.0") < names.index("second.1") < names.index(SECOND_ROUTES) < names.index(ROUTES)
