"""The paths of recordings and replays."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from ....recordings.exchange import Exchange
from ...model import Gateway
from ..changes.applying import BusyError
from ..changes.writing import FileChangedError, read_file
from ..context import Console
from ..live.feed import together
from ..recordings.folder import ROOM, Recorded
from ..recordings.replaying import replayed
from ..recordings.sides import side
from .api import Routes
from .changing import edit_of, refuse_problems
from .http import ApiError, Request

_STREAMS: Final = 100
_SECONDS: Final = 3600


def routes(console: Console) -> Routes:
    recorded = Recorded(console.folder / "recordings")
    replaying = asyncio.Lock()

    async def listed(_: Request) -> Any:
        found = await asyncio.to_thread(recorded.listed)
        return {"recording": await console.live.recording(), **found}

    async def start(request: Request) -> Any:
        document = request.document(streams=int, seconds=int)
        streams, seconds = document.get("streams", 1), document.get("seconds", 300)
        if not 1 <= streams <= _STREAMS or not 1 <= seconds <= _SECONDS:
            raise ApiError(400, "bad_request", f"`streams` is 1 to {_STREAMS}, `seconds` 1 to {_SECONDS}")
        if await asyncio.to_thread(recorded.used) >= ROOM:
            raise ApiError(409, "full", f"the recordings take {ROOM:,} bytes; delete some of them")
        peers = console.live.peers()
        asked = (
            peer.ask("record", folder=str(recorded.folder), streams=streams, seconds=seconds, shares=len(peers))
            for peer in peers.values()
        )
        answers = await asyncio.gather(*asked)
        console.say(f"{request.client}: the next {streams} streams of each worker are recorded for {seconds} seconds")
        return {"recording": together(answers)}

    async def stop(request: Request) -> Any:
        request.document()
        answers = await asyncio.gather(*(peer.ask("stop") for peer in console.live.peers().values()))
        console.say(f"{request.client}: recording is stopped")
        return {"recording": together(answers)}

    async def one(_: Request, name: str) -> Any:
        exchange = await found(name)
        expect = exchange.raw.get("expect", {})
        return await asyncio.to_thread(lambda: {**_head(name, exchange), "recorded": side(exchange, expect)})

    async def delete(request: Request, name: str) -> Any:
        try:
            await asyncio.to_thread(recorded.delete, name)
        except KeyError:
            raise _missing() from None
        console.say(f"{request.client}: the recording {name} is deleted")
        return {}

    async def replay(request: Request, name: str) -> Any:
        document = request.document(against=str, etag=str, edit=dict)
        exchange = await found(name)
        if replaying.locked():
            raise BusyError("another replay is under way")
        async with replaying:
            gateway = await _gateway_of(console, document)
            editing = console.editing
            return await replayed(exchange, gateway, editing.config_of, native=editing.native)

    async def found(name: str) -> Exchange:
        try:
            return await asyncio.to_thread(recorded.exchange, name)
        except KeyError:
            raise _missing() from None

    return {
        ("GET", "recordings"): listed,
        ("POST", "recordings/start"): start,
        ("POST", "recordings/stop"): stop,
        ("GET", "recordings/*"): one,
        ("DELETE", "recordings/*"): delete,
        ("POST", "recordings/*/replay"): replay,
    }


async def _gateway_of(console: Console, document: dict[str, Any]) -> Gateway:
    """What serves, or would after an edit."""
    match document:
        case {"against": "running", **rest} if not rest:
            return console.reloader.gateway
        case {"against": "edited", "etag": etag, "edit": edit}:
            chosen = await edit_of(console, edit)
            file = await asyncio.to_thread(read_file, console.editing.path)
            if file.etag != etag:
                raise FileChangedError(f"{console.editing.path} has changed since it was read")
            checked = await asyncio.to_thread(console.editing.check, file.text, chosen)
            refuse_problems(checked)
            assert checked.gateway is not None
            return checked.gateway
    raise ApiError(400, "bad_request", "`against` is `running`, or `edited` with `etag` and `edit`")


def _missing() -> ApiError:
    return ApiError(404, "not_found", "there is no such recording")


def _head(name: str, exchange: Exchange) -> dict[str, Any]:
    note = str(exchange.raw.get("note", ""))
    return {"id": name, "title": exchange.name, "note": note, "configs": [*map(_parsed, exchange.configs)]}


def _parsed(config: str) -> Any:
    try:
        return json.loads(config or "{}")
    except ValueError:
        return config
