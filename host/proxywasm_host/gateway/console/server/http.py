"""A request of the console with its body, and its answer: JSON, or a stream of events.

A client that does not read holds no more than its connection's buffer: a stream writes when what it wrote before is on
its way, and its source makes the next events only then.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, unquote

from proxywasm.wire import Fields

from ....reading import wrong_number
from ...live.http1.messages import RequestHead
from ...live.http1.server import ClientConnection

LARGEST: Final = 2 * 2**20
"""Bytes of a request's body."""
_DEEPEST: Final = 64
"""Lists and objects inside each other."""
_JSON: Final = "application/json"
_log = logging.getLogger("proxywasm")


class ApiError(Exception):
    """An answer that is an error. `more` are keys beside `error`."""

    def __init__(
        self, status: int, code: str, message: str, fields: Fields | None = None, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.fields = fields or []
        self.more = more or {}

    @property
    def document(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": str(self)}, **self.more}


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    """Without the query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    client: str
    """The address of whoever asks."""
    body: bytes = b""

    def document(self, **keys: type | tuple[type, ...]) -> dict[str, Any]:
        """The body, a JSON object with these keys at most. Raises `ApiError`."""
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
            raise ApiError(415, "media_type", f"the body has to be {_JSON}")
        try:
            found = json.loads(self.body, parse_constant=_refuse, parse_int=_number(int), parse_float=_number(float))
        except (ValueError, RecursionError):
            raise ApiError(400, "bad_request", "the body is no JSON") from None
        if not isinstance(found, dict) or not _is_flat(found):
            raise ApiError(400, "bad_request", f"the body has to be an object, no deeper than {_DEEPEST}")
        for name, value in found.items():
            if name not in keys:
                raise ApiError(400, "bad_request", f"there is no key {name[:40]!r}; there are {', '.join(keys)}")
            if not isinstance(value, keys[name]) or isinstance(value, bool):
                raise ApiError(400, "bad_request", f"the key {name!r} has a value of the wrong kind")
        return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _number(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        if wrong := wrong_number(text):
            raise ValueError(wrong)
        return kind(text)

    return convert


def _is_flat(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
        if not level:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    fields: Fields
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Events:
    """A stream of server-sent events; each item is one or several whole ones."""

    items: AsyncIterator[bytes]


Reply: TypeAlias = Answer | Events
Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]


@dataclass
class ConsoleExchange:
    """The exchange of a client's connection. `handler` is called when the request is complete, and its task is
    cancelled when the client leaves."""

    connection: ClientConnection
    head: RequestHead
    handler: Handler
    admitted: bool
    """Whether the body is waited for: a request that will be refused has none that counts."""
    failed: Callable[[ApiError], Answer]
    security: Fields
    tasks: set[asyncio.Task[None]]
    """Those of all exchanges that are under way."""
    _parts: list[bytes] = field(default_factory=list)
    _size: int = 0
    _task: asyncio.Task[None] | None = None
    _writable: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        self._writable.set()
        if self.head.ends or not self.admitted:
            self._start()

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._task is None and self._size > LARGEST:
            self._parts.clear()
            self.handler = _too_large
            self._start()
        elif self._task is None:
            self._parts.append(data)

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        del trailers
        if rest:
            self.on_body(rest)
        if self._task is None:
            self._start()

    def on_client_gone(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def on_client_slow(self) -> None:
        self._writable.clear()

    def on_client_ready(self) -> None:
        self._writable.set()

    def on_tunnel_data(self, data: bytes) -> None: ...

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._answer())
        self.tasks.add(self._task)
        self._task.add_done_callback(self.tasks.discard)

    async def _answer(self) -> None:
        try:
            reply = await self.handler(_request(self.connection, self.head, b"".join(self._parts)))
        except ApiError as error:
            reply = self.failed(error)
        except Exception:
            _log.exception("the console has failed, which is a fault of proxywasm")
            reply = self.failed(ApiError(500, "fault", "the console has failed, which is a fault of proxywasm"))
        if isinstance(reply, Answer):
            self._send(reply)
        else:
            await self._stream(reply)

    def _send(self, answer: Answer) -> None:
        length = [] if answer.status in (204, 304) else [("content-length", str(len(answer.body)))]
        self.connection.send_head(
            [(":status", str(answer.status)), *answer.fields, *self.security, *length], ends=not answer.body
        )
        if answer.body:
            self.connection.send_body(answer.body)
            self.connection.send_end()

    async def _stream(self, events: Events) -> None:
        fields = [(":status", "200"), ("content-type", "text/event-stream"), ("cache-control", "no-store")]
        self.connection.send_head([*fields, *self.security], ends=False)
        try:
            async for item in events.items:
                self.connection.send_body(item)
                await asyncio.sleep(0)  # it is written, and the client may be slow, after this turn of the loop
                await self._writable.wait()
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("a stream of the console has failed, which is a fault of proxywasm")
        finally:
            with suppress(RuntimeError, AttributeError):
                await events.items.aclose()  # type: ignore[attr-defined]
        self.connection.send_end()


async def _too_large(request: Request) -> Reply:
    del request
    raise ApiError(413, "too_large", f"the body is larger than {LARGEST:,} bytes")


def _request(connection: ClientConnection, head: RequestHead, body: bytes) -> Request:
    headers = dict(head.fields)
    path, _, query = headers[":path"].partition("?")
    try:
        parsed = parse_qs(query, max_num_fields=20)
    except ValueError:
        parsed = {}
    names = {name: values[-1] for name, values in parsed.items()}
    return Request(headers[":method"], unquote(path), names, headers, connection.address, body)


def json_answer(document: Any, status: int = 200, fields: Fields | None = None) -> Answer:
    body = json.dumps(document, ensure_ascii=False).encode(errors="replace") + b"\n"
    return Answer(status, [("content-type", _JSON), ("cache-control", "no-store"), *(fields or [])], body)


def event(name: str, document: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(document)}\n\n".encode()
