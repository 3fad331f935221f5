"""One request through a gateway that is started for it, and what becomes of it as a recording."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...recordings.exchange import Exchange, Message
from ...recordings.sending.client import ask
from ..model import Gateway
from ..values import Address
from .answering import AnsweringService, FixedAnswer
from .errors import LiveError
from .listening import listen
from .origins import Origin, OriginLimits, Origins
from .plugins import LivePlugins
from .recording import Recorder
from .starting import start_plugins
from .worker import LiveWorker

_LARGEST: Final = 64 * 2**20
_SERVICE: Final = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRequest:
    """What is recorded.

    Attributes:
        plugins: sources, with the name and the configuration of each.
        upstream: the URL of the service, or its fixed answer. None: the plugin names the host.
        seconds: for the whole exchange.
    """

    plugins: tuple[tuple[str, Path, Any], ...]
    request: Message
    upstream: str | FixedAnswer | None
    seconds: float


def record_one(
    one: OneRequest,
    *,
    native: bool,
    log: Callable[[object], None],
    progress: Callable[[str], None] = lambda _: None,
) -> Exchange:
    """Raises `LiveError`: a plugin does not start, or there is nothing to record."""
    plugins = start_plugins(_gateway(one, "http://127.0.0.1:9"), native=native, on_log=log, progress=progress)
    return asyncio.run(_record(one, plugins, log))


async def _record(one: OneRequest, plugins: LivePlugins, log: Callable[[object], None]) -> Exchange:
    found: list[Exchange] = []
    problems: list[str] = []
    async with contextlib.AsyncExitStack() as stack:
        url = one.upstream
        if isinstance(url, FixedAnswer):
            service = AnsweringService(url)
            await service.start()
            stack.push_async_callback(service.stop)
            url = f"http://127.0.0.1:{service.port}"
        recorder = Recorder(lambda exchange, _: found.append(exchange), largest=_LARGEST, log=problems.append)
        worker = LiveWorker(_gateway(one, url), plugins, log=log, recorder=recorder)
        listening = listen("listen", Address("127.0.0.1", 0))
        await worker.start(listening)
        stack.push_async_callback(worker.stop, 0)
        origins = Origins(limits=OriginLimits())
        stack.push_async_callback(origins.close)
        origin = Origin(False, "127.0.0.1", listening.getsockname()[1])
        try:
            async with asyncio.timeout(one.seconds):
                await ask(origins, origin, one.request.headers, one.request.body)
        except TimeoutError:
            log(f"there is no whole answer after {one.seconds:g} s; the recording ends there")
        except ValueError as error:
            raise LiveError(f"the request cannot be sent: {error}") from None
    if not found:
        raise LiveError(problems[0] if problems else "no plugin has seen the request")
    return found[0]


def _gateway(one: OneRequest, url: str | FixedAnswer | None) -> Gateway:
    route: dict[str, Any] = {"name": "recorded"}
    return Gateway.model_validate({
        "listen": "127.0.0.1:1",
        "plugins": [{"name": name, "source": str(source), "config": config} for name, source, config in one.plugins],
        "routes": [route if one.upstream is None else route | {"upstream": _SERVICE}],
        "upstreams": {} if one.upstream is None else {_SERVICE: url},
    })  # fmt: skip
