"""The health of a provider's tokens, shared by all instances of the plugin.

It is one document in the gateway's shared data, which compare-and-swap changes as a whole. Its key is made of
everything that distinguishes providers: only providers with the same tokens for the same service share their health.
The document contains hashes of tokens. Nothing is written before the first failure, and a starting instance changes
nothing.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

from proxywasm import log, shared_data

from ..config.settings.reliability import FailoverSettings
from ..wire.json import Json, dump_bytes, loads

_PATIENCE = 3
"""Consecutive failed health checks after which the interval doubles with each further failure."""
_RAREST = 4
"""The most times that the interval doubles."""


@dataclass(frozen=True, slots=True)
class Check:
    """A health check that the caller has to make."""

    token: str
    cluster: str


class Health:
    """The health of these tokens. `failover` makes the calls."""

    def __init__(self, settings: FailoverSettings, tokens: tuple[str, ...], identity: tuple[str, ...]) -> None:
        """`identity`: distinguishes this provider from others with the same tokens."""
        self.settings = settings
        self._names = {token: _hash(token) for token in tokens}
        self._key = f"ai-proxy:health:{_hash(json.dumps([*identity, *tokens]))}"

    def down(self) -> set[str]:
        """The unhealthy tokens."""
        down = self._read()["down"]
        return {token for token, name in self._names.items() if name in down} if down else set()

    def failed(self, token: str, status: int, cluster: str) -> None:
        """A request with this token has failed with this status from that cluster."""
        name = self._names.get(token)
        if name is None or status not in self.settings.failover_on_status:
            return

        def change(state: Json) -> None:
            if name in state["down"]:
                return
            count = _number(state["failures"].get(name)) + 1
            state["failures"][name] = count
            if count >= self.settings.failure_threshold:
                del state["failures"][name]
                state["down"][name] = {"cluster": cluster, "next": _now(), "good": 0, "bad": 0}

        state = self._update(change)
        if name in state["down"]:
            log.warn("token %s is out of order after %d failures", name, self.settings.failure_threshold)

    def worked(self, token: str) -> None:
        """A request with this token has succeeded."""
        name = self._names.get(token)
        state = self._read()
        if name is None or (name not in state["failures"] and name not in state["down"]):
            return  # The usual case: there is nothing to write.
        self._update(lambda state: _forget(state, name))

    def due(self) -> list[Check]:
        """The health checks to make now. Only one instance gets each of them."""
        now = _now()
        state = self._read()
        if all(_number(entry.get("next")) > now for entry in state["down"].values()):
            return []
        taken: list[Check] = []

        def change(state: Json) -> None:
            taken.clear()  # This is called again if another instance has changed the document meanwhile.
            for token, name in self._names.items():
                entry = state["down"].get(name)
                if entry is not None and _number(entry.get("next")) <= now:
                    rarely = 2 ** min(max(_number(entry.get("bad")) - _PATIENCE, 0), _RAREST)
                    # Timers are late by varying times, so a little less than the interval counts as the interval.
                    entry["next"] = now + int(self.settings.health_check_interval * (rarely - 0.1))
                    taken.append(Check(token, str(entry.get("cluster", ""))))

        self._update(change)
        return taken

    def checked(self, token: str, *, good: bool) -> None:
        """The outcome of a health check."""
        name = self._names[token]

        def change(state: Json) -> None:
            entry = state["down"].get(name)
            if entry is None:
                return
            entry["good"] = _number(entry.get("good")) + 1 if good else 0
            entry["bad"] = 0 if good else min(_number(entry.get("bad")) + 1, 100)
            if entry["good"] >= self.settings.success_threshold:
                _forget(state, name)

        state = self._update(change)
        if name not in state["down"]:
            log.info("token %s is back in order", name)

    def _read(self) -> Json:
        entry = shared_data.get(self._key)
        return _parsed(entry.value if entry else None)

    def _update(self, change: Any) -> Json:
        state: Json = {}

        def function(old: bytes | None) -> bytes:
            state.clear()
            state.update(_parsed(old))
            change(state)
            return dump_bytes(state)

        shared_data.update(self._key, function)
        return state


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _now() -> int:
    """Milliseconds."""
    return int(time.time() * 1000)


def _forget(state: Json, name: str) -> None:
    state["failures"].pop(name, None)
    state["down"].pop(name, None)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _parsed(value: bytes | None) -> Json:
    """Invalid data counts as empty: then all tokens are healthy."""
    try:
        state = loads(value) if value else {}
    except ValueError:
        state = {}
    failures, down = (state.get(key) if isinstance(state, dict) else None for key in ("failures", "down"))
    return {
        "failures": failures if isinstance(failures, dict) else {},
        "down": {name: entry for name, entry in down.items() if isinstance(entry, dict)}
        if isinstance(down, dict)
        else {},
    }
