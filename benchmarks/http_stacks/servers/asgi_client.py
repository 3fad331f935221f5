"""An ASGI application that passes requests on by aiohttp's client."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from . import PORT

DROPPED = {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
"""Headers that each side makes itself."""


def session() -> aiohttp.ClientSession:
    """A client that changes nothing and has no limits of its own."""
    return aiohttp.ClientSession(
        auto_decompress=False,
        connector=aiohttp.TCPConnector(limit=0),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        timeout=aiohttp.ClientTimeout(total=None),
    )


class Application:
    def __init__(self) -> None:
        self._upstream = f"http://127.0.0.1:{os.environ[PORT]}"
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if self._session is None:
            self._session = session()
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        names = {name for name, _ in headers}
        body = _body(receive) if names & {"content-length", "transfer-encoding"} else None
        path = scope["raw_path"].decode("latin-1")
        if scope["query_string"] and "?" not in path:
            path += "?" + scope["query_string"].decode("latin-1")
        kept = [(name, value) for name, value in headers if name not in DROPPED]
        async with self._session.request(
            scope["method"], self._upstream + path, headers=kept, data=body, allow_redirects=False
        ) as answer:
            fields = [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in answer.headers.items()
                if name.lower() not in DROPPED
            ]
            if answer.content_length is not None:
                fields.append((b"content-length", str(answer.content_length).encode()))
            await send({"type": "http.response.start", "status": answer.status, "headers": fields})
            async for data in answer.content.iter_any():
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def application() -> Application:
    """Servers call it when they have started."""
    return Application()


async def _body(receive: Any) -> AsyncIterator[bytes]:
    while True:
        event = await receive()
        if event.get("body"):
            yield event["body"]
        if not event.get("more_body"):
            return
