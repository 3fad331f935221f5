"""The circuit breaker: leaves a model of a provider alone that keeps failing, and tries it again after a while.

Its state is one document in the gateway's shared data, as the health of tokens is. All instances share it, and nothing
is written before the first failure. A model that is not in it is closed: requests pass. After so many failures it is
open: no request is sent. When the time is over it is half-open: one request is sent, whose outcome closes or opens it.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Final

from proxywasm import Gauge, log, shared_data

from ...config.settings.routing import BreakerSettings
from ...wire import lenient
from ...wire.json import Json, dump_bytes, loads

CLOSED: Final = 0
HALF_OPEN: Final = 1
OPEN: Final = 2
_MOST: Final = 500
"""Models in the document; clients may choose names."""

_state: Final = Gauge("ai_proxy_breaker_state", labels=["provider", "model"])


class Breaker:
    """The breakers of all providers of one configuration."""

    def __init__(self, settings: BreakerSettings, identity: str) -> None:
        self._settings = settings
        self._key = f"ai-proxy:breaker:{hashlib.sha256(identity.encode()).hexdigest()[:16]}"

    def open_until(self) -> dict[str, int]:
        """The names that get no request now, and until when, in milliseconds."""
        entry = shared_data.get(self._key)
        if entry is None:
            return {}
        now = _now()
        return {name: until for name, one in _parsed(entry.value).items() if (until := _until(one)) > now}

    def admits(self, provider: str, model: str) -> bool:
        """Whether a request may be sent. Of those that try a half-open breaker, only one instance gets leave."""
        name = f"{provider}/{model}"
        entry = shared_data.get(self._key)
        if entry is None or not _until(_parsed(entry.value).get(name)):
            return True
        admitted = False

        def change(state: Json) -> None:
            nonlocal admitted
            one, now = state.get(name), _now()
            admitted = _until(one) <= now
            if admitted and one is not None:
                # Until the outcome of this request is known, or it has taken too long.
                state[name] = {**one, "open": now + self._settings.open_for, "probe": True}

        self._update(change)
        if admitted:
            _state.record(HALF_OPEN, provider=provider, model=model)
        return admitted

    def worked(self, provider: str, model: str) -> None:
        """A request has been answered."""
        name = f"{provider}/{model}"
        entry = shared_data.get(self._key)
        if entry is None or (known := _parsed(entry.value).get(name)) is None:
            return  # The usual case.
        self._update(lambda state: state.pop(name, None))
        if _until(known):
            _state.record(CLOSED, provider=provider, model=model)
            log.info("%s is asked again", name)

    def failed(self, provider: str, model: str, wait: float) -> None:
        """A request has failed. `wait`: the seconds that the service asks to wait, which open the breaker at once."""
        name, now = f"{provider}/{model}", _now()
        wait_ms = min(int(wait * 1000), self._settings.longest_wait)

        def change(state: Json) -> None:
            one = state.pop(name, None) or {}
            failures = lenient.count(one.get("failures")) + 1
            opens = failures >= self._settings.failures or one.get("probe") is True
            while len(state) >= _MOST:
                del state[next(iter(state))]
            open_for = max(self._settings.open_for if opens else 0, wait_ms)
            state[name] = {"failures": failures, "open": now + open_for if open_for else 0}

        if _until(self._update(change)[name]) > now:
            _state.record(OPEN, provider=provider, model=model)
            log.warn("%s is not asked for a while", name)

    def _update(self, change: Any) -> Json:
        state: Json = {}

        def function(old: bytes | None) -> bytes:
            state.clear()
            state.update(_parsed(old))
            change(state)
            return dump_bytes(state)

        shared_data.update(self._key, function)
        return state


def _now() -> int:
    """Milliseconds."""
    return int(time.time() * 1000)


def _until(one: Any) -> int:
    value = one.get("open") if isinstance(one, dict) else 0
    return value if isinstance(value, int) else 0


def _parsed(value: bytes | None) -> Json:
    """Invalid data counts as empty: then everything is asked."""
    try:
        state = loads(value) if value else {}
    except ValueError:
        state = {}
    return {name: one for name, one in state.items() if isinstance(one, dict)} if isinstance(state, dict) else {}
