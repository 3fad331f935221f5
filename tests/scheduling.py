"""Which process runs which tests, where `./build.sh test` starts several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

_TOGETHER: Final = {
    # Their fixtures take seconds.
    "tests/envoy/": re.compile("tests/envoy/"),
    # Plugins that a process tests in Envoy share one, which compiles their module for five seconds. Tests of whole
    # gateways start others.
    "plugin_host in Envoy": re.compile(r"(?!tests/host/gateway/).*\[envoy\b"),
}
"""Tests that one process runs, by name of the group, with what their ids begin with."""


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # for lack of types, `Any`
    """xdist's distribution by file, which looks only at tests that are still to be run.

    The original goes through all tests at each of the six messages about a test: seconds of the one process that has
    to answer all others.
    """

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        self._indices: dict[str, int] = {}

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        super().add_node_collection(node, collection)
        if not self._indices:  # all nodes have the same tests, or the run ends
            self._indices = {name: index for index, name in enumerate(collection)}

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        name = self.registered_collections[node][item_index]
        units, scope = self.assigned_work[node], self._split_scope(name)
        del units[scope][name]
        if not units[scope]:
            del units[scope]
        self._reschedule(node)

    def _assign_work_unit(self, node: Any) -> None:
        scope, unit = self.workqueue.popitem(last=False)
        self.assigned_work[node][scope] = unit
        node.send_runtest_some([self._indices[name] for name in unit])

    def _split_scope(self, nodeid: str) -> str:
        for group, ids in _TOGETHER.items():
            if ids.match(nodeid):
                return group
        return str(super()._split_scope(nodeid))
