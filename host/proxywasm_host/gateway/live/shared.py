"""What the instances of a gateway share: in this process, or with other processes."""

from __future__ import annotations

from collections.abc import Iterable

from ...services import Metrics, SharedData
from ...services.stored import Store, StoredData, StoredMetrics


class Shared:
    """Data and metrics of each plugin by its name, and the metrics of the gateway itself.

    A plugin keeps its data when the file is loaded again. Processes with one `store` have to add the same plugins in
    the same order.
    """

    def __init__(self, plugins: Iterable[str], store: Store | None = None) -> None:
        self.data: dict[str, SharedData] = {}
        self.metrics: dict[str, Metrics] = {}
        self.gateway: Metrics = Metrics() if store is None else StoredMetrics(store, "gateway")
        self._store = store
        self.add(plugins)

    def add(self, plugins: Iterable[str]) -> None:
        """Plugins that may be known already."""
        for name in plugins:
            if name in self.data:
                continue
            place = len(self.data)
            if self._store is None:
                self.data[name], self.metrics[name] = SharedData(), Metrics()
            else:
                self.data[name] = StoredData(self._store, place)
                self.metrics[name] = StoredMetrics(self._store, str(place))
