"""What the instances of a gateway share: in this process, or with other processes."""

from __future__ import annotations

from collections.abc import Sequence

from ...services import Metrics, SharedData
from ...services.stored import Store, StoredData, StoredMetrics


class Shared:
    """Data and metrics of each plugin, by its place in the chain, and the metrics of the gateway itself."""

    def __init__(self, plugins: int, store: Store | None = None) -> None:
        places = range(plugins)
        self.data: Sequence[SharedData]
        self.metrics: Sequence[Metrics]
        self.gateway: Metrics
        if store is None:
            self.data = [SharedData() for _ in places]
            self.metrics = [Metrics() for _ in places]
            self.gateway = Metrics()
        else:
            self.data = [StoredData(store, place) for place in places]
            self.metrics = [StoredMetrics(store, str(place)) for place in places]
            self.gateway = StoredMetrics(store, "gateway")
