"""The console beside an Envoy that runs: a process of ours serves it, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families

from ..console.live.log import LogRing
from ..console.live.metrics import listed
from ..console.live.samples import Sample
from ..console.making import Engineered, serving_console
from ..live.errors import LiveError
from ..reloading import Reloader, StoppedError
from ..source import GatewaySource
from .bootstrap import plugin_config
from .draining import Admin
from .errors import EnvoyError

_SECONDS: Final = 5.0
"""For an answer of Envoy."""
_STATS: Final = {
    "http.gateway.downstream_rq_total": "requests",
    "http.gateway.downstream_rq_5xx": "failed",
    "http.gateway.downstream_cx_destroy_remote_active_rq": "client_closed",
    "http.gateway.downstream_rq_active": "streams",
    "http.gateway.downstream_cx_active": "connections",
    "http.gateway.downstream_cx_rx_bytes_total": "received_bytes",
    "http.gateway.downstream_cx_tx_bytes_total": "sent_bytes",
    "server.memory_physical_size": "memory_bytes",
}
_FILTER: Final = quote(f"^({'|'.join(map(re.escape, _STATS))})$", safe="")


class EnvoyConsole:
    """`lines` has the log of Envoy, and that of this process, which `tell` gets lines for."""

    def __init__(self, source: GatewaySource, reloader: Reloader, lines: LogRing, tell: Callable[[str], None]) -> None:
        self.lines = lines
        self._source = source
        self._reloader = reloader
        self._tell = tell

    @contextmanager
    def serving(self, admin: Admin, url: str) -> Iterator[None]:
        """Until the end. Raises `EnvoyError` if its address cannot be used, or if there is no token."""
        ready, problems = threading.Event(), list[str]()
        loop, end = asyncio.new_event_loop(), asyncio.Event()

        async def main() -> None:
            engine = _engineered(admin, self.lines)
            try:
                async with serving_console(self._source, self._reloader, engine, self._tell, url):
                    ready.set()
                    await end.wait()
            except LiveError as error:
                problems.append(str(error))
            finally:
                ready.set()

        thread = threading.Thread(target=lambda: loop.run_until_complete(main()), name="console", daemon=True)
        thread.start()
        ready.wait()
        try:
            if problems:
                raise EnvoyError(problems[0])
            yield
        finally:
            loop.call_soon_threadsafe(end.set)
            thread.join()
            loop.close()


def _engineered(admin: Admin, lines: LogRing) -> Engineered:
    async def all_metrics() -> Any:
        text = await asyncio.to_thread(_asked, admin, "/stats/prometheus?usedonly")
        found = listed(text_string_to_metric_families(text))
        names = {*re.findall(r"^[a-zA-Z_:][\w:]*", text, re.M)}
        for metric in found["metrics"]:
            if metric["name"] not in names:  # the parser calls all counters so
                metric["name"] = metric["name"].removesuffix("_total")
        return found

    async def sample() -> Sample | None:
        try:
            text = await asyncio.to_thread(_asked, admin, f"/stats?filter={_FILTER}")
        except StoppedError:
            return None
        found = re.findall(r"^(\S+): (\d+)$", text, re.M)
        return {_STATS[name]: int(value) for name, value in found if name in _STATS}

    return Engineered(
        config_of=plugin_config,
        native=False,
        peers=dict,
        log=lines,
        all_metrics=all_metrics,
        sample=sample,
        state=lambda _gateway, _secrets: {},
    )


def _asked(admin: Admin, path: str) -> str:
    """Raises `StoppedError`."""
    try:
        return admin.ask("GET", path, _SECONDS).decode(errors="replace")
    except (OSError, HTTPException):
        raise StoppedError("Envoy does not answer; it starts, or has ended") from None
