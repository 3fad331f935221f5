"""The state of a gateway and its plugin that a test can see."""

from __future__ import annotations

import datetime

from ..services import LogRecord
from .callouts import CallOuts
from .failures import Failures
from .gateways import GatewayServices
from .services import SharedDataView
from .traffic import CallOut, HttpCallOut, RedisCallOut


class HostViews:
    """The read-only part of `TestHost`, except that a test may write to `shared_data`."""

    services: GatewayServices
    _callouts: CallOuts
    _failures: Failures

    # Call-outs.

    @property
    def calls(self) -> list[HttpCallOut]:
        """Every HTTP call of the plugin, in order."""
        return self._callouts.http

    @property
    def redis_calls(self) -> list[RedisCallOut]:
        """Every Redis command of the plugin, in order."""
        return self._callouts.redis

    @property
    def pending(self) -> list[CallOut]:
        """Calls and commands that wait for an answer, in order."""
        return self._callouts.pending

    def next_call(self, *, cluster: str | None = None, path: str | None = None) -> HttpCallOut:
        """The first HTTP call that waits for an answer, to this cluster and path if they are given."""
        __tracebackhide__ = True
        return self._callouts.next_http(cluster, path)

    def next_redis_call(self, name: str | None = None) -> RedisCallOut:
        """The first Redis command that waits for an answer, of this name (`"INCR"`) if it is given."""
        __tracebackhide__ = True
        return self._callouts.next_redis(name)

    # What the gateway knows.

    @property
    def now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.services.now() / 1e9, datetime.UTC)

    @property
    def failures(self) -> list[str]:
        """Tracebacks of what the plugin raised, and why its instance was lost."""
        return self._failures.texts

    @property
    def logs(self) -> list[LogRecord]:
        """Everything that was logged, oldest first."""
        return self.services.logs

    @property
    def messages(self) -> list[str]:
        """The texts of `logs`."""
        return [record.message for record in self.services.logs]

    @property
    def metrics(self) -> dict[str, int]:
        """Counters and gauges by name."""
        return self.services.metrics.snapshot()

    @property
    def histograms(self) -> dict[str, list[int]]:
        """The samples of histograms by name."""
        return self.services.metrics.histograms()

    @property
    def shared_data(self) -> SharedDataView:
        """A mapping; values are bytes."""
        return SharedDataView(self.services.shared_data)

    def get_property(self, *path: str) -> bytes | None:
        """A property of the plugin itself."""
        return self.services.property_of(0, path)
