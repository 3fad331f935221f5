"""When a plugin's ticks are due."""

from __future__ import annotations

from .gateways import GatewayPlugin


class Ticks:
    """The ticks of one instance. A new period starts when `look` notices it."""

    def __init__(self, plugin: GatewayPlugin) -> None:
        self._plugin = plugin
        self._period_ms = 0
        self._last = plugin.services.now()

    def look(self) -> None:
        """The plugin may have set another period."""
        period = self._plugin.services.tick_period_ms
        if period != self._period_ms:
            self._period_ms, self._last = period, self._plugin.services.now()

    def moments(self) -> list[int]:
        """The time of the next tick, in nanoseconds on the gateway's clock; none if there are no ticks."""
        return [self._last + self._period_ms * 1_000_000] if self._period_ms else []

    def run(self) -> bool:
        """Run a tick if it is due. Returns whether it was."""
        now = self._plugin.services.now()
        if all(moment > now for moment in self.moments()):
            return False
        self._last = now
        self._plugin.tick()
        return True
