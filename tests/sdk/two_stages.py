"""Envoy with a second stage, as far as the adapter can tell: streams of clients, and their attempts.

What a plugin asks for is noted for the context that it concerns. Nothing moves by itself: tests say what happens next.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from contextvars import copy_context
from typing import Any, NamedTuple

from proxywasm import Plugin
from proxywasm.abi.calls import CONTINUE, PLUGIN_CONFIGURATION, REQUEST_BODY, REQUEST_HEADERS, RESPONSE_BODY
from proxywasm.abi.machine import Machine
from proxywasm.abi.pairs import join_pairs, split_pairs
from proxywasm.abi.stages import CONFIGURATION
from proxywasm.field_text import join_fields
from proxywasm.wire import Fields

FIRST, SECOND = 1, 2
"""Contexts of the plugin's filters in both stages."""
INFO = 2
LIMIT = 1000
REQUEST = [(":method", "POST"), (":scheme", "https"), (":authority", "a.example"), (":path", "/v1")]


class RefusedError(Exception):
    value = 2


class Reply(NamedTuple):
    status: int
    details: bytes
    body: bytes
    headers: dict[str, str]

    @property
    def again(self) -> bool:
        """The first stage sends the client's request once more."""
        return self.headers.get("x-proxywasm-again") == "1"


class Stream:
    """One of the gateway's, in the first stage or the second."""

    def __init__(self, gateway: TwoStages, parent: int, *, ahead: bool) -> None:
        gateway.contexts += 1
        self.id = gateway.contexts
        self.reply: Reply | None = None
        self.fields: Fields = []
        """What goes on of the request: its headers, and its body."""
        self.body = bytearray()
        self.chunk = bytearray()
        """What the plugin can reach of a body."""
        self.details = b""
        """`response.code_details`."""
        self.has_buffer = True
        self.continued: list[int] = []
        self.edits: list[tuple[int, bytes]] = []
        self._gateway, self._parent = gateway, parent
        gateway.streams[self.id] = self
        if ahead:
            gateway.call(self, lambda machine: machine.context_create(self.id, parent))
            self._parent = 0

    def request_headers(self, fields: Fields, end: bool) -> int:
        self.fields = fields
        data = join_fields(fields).encode()
        return self._number(lambda machine: machine.request_headers(self.id, self._parent, INFO, data, end))

    def request_body(self, *chunks: bytes) -> None:
        """As Envoy has it: a chunk that a filter stops stays in the buffer, and the next call is about all of it."""
        for index, data in enumerate(chunks):
            self._request_chunk(data, index == len(chunks) - 1)

    def _request_chunk(self, data: bytes, end: bool) -> None:
        self.chunk += data
        size = len(self.chunk)
        if self._call(lambda machine: machine.request_body(self.id, size, end)) == CONTINUE:
            self.body += self.chunk
            self.chunk.clear()

    def request_trailers(self, *chunks: bytes) -> int:
        """The chunks of a body, and trailers after them."""
        for data in chunks:
            self._request_chunk(data, False)
        self.has_buffer = bool(self.chunk)
        action = self._number(lambda machine: machine.request_trailers(self.id))
        if action == CONTINUE:
            self.body += self.chunk
            self.chunk.clear()
        return action

    def respond(self, status: int, *chunks: bytes) -> list[bytes] | None:
        """The chunks that the plugin lets pass; None: a reply has taken the response's place."""
        self.response_headers(status, end=not chunks)
        return self.respond_body(*chunks)

    def respond_body(self, *chunks: bytes, end: bool = True) -> list[bytes] | None:
        passed = []
        for index, data in enumerate(chunks):
            if self.reply:
                return None
            self.chunk[:] = data
            last = end and index == len(chunks) - 1
            self._response_chunk(len(data), last)
            passed.append(bytes(self.chunk))
        self.chunk.clear()
        return None if self.reply else passed

    def _response_chunk(self, size: int, end: bool) -> None:
        self._call(lambda machine: machine.response_body(self.id, size, end))

    def response_headers(self, status: int, *, end: bool = False) -> int:
        fields = join_fields([(":status", str(status))]).encode()
        return self._number(lambda machine: machine.response_headers(self.id, fields, end))

    def response_body(self, data: bytes) -> int:
        """What a chunk of it is answered with."""
        self.chunk[:] = data
        return self._number(lambda machine: machine.response_body(self.id, len(data), False))

    def response_trailers(self) -> int:
        return self._number(lambda machine: machine.response_trailers(self.id))

    def end(self) -> None:
        """With its log entry; the module's shim leaves out the deletion after that."""
        self._call(lambda machine: machine.log(self.id))
        del self._gateway.streams[self.id]

    def _number(self, callback: Callable[[Machine], int]) -> int:
        number = self._call(callback)
        assert isinstance(number, int)
        return number

    def _call(self, callback: Callable[[Machine], Any]) -> Any:
        return self._gateway.call(self, callback)


class TwoStages:
    """The gateway, and the ABI."""

    def __init__(self, plugin: Plugin[Any], **config: object) -> None:
        self.messages: list[str] = []
        self.contexts = 10
        self.streams: dict[int, Stream] = {}
        self.calls: list[int] = []
        """Call-outs that have been made."""
        self.ticks = False
        self.properties: dict[tuple[int, bytes], bytes] = {}
        """Those that the plugin has set, by stream and name."""
        self._here = 0
        self._configuration = b""
        self._machine = Machine(plugin, self, None, RefusedError)  # type: ignore[arg-type]
        self._context = copy_context()
        before = random.getstate()
        with redirect_stdout(sys.stdout), redirect_stderr(sys.stderr):
            self._configure(FIRST, json.dumps({"_sends_again_": LIMIT, **config}).encode())
            self._configure(SECOND, CONFIGURATION)
        random.setstate(before)

    def _configure(self, context: int, configuration: bytes) -> None:
        self._configuration = configuration
        assert self._context.run(self._machine.configure, context, len(configuration)), self.messages

    def call(self, stream: Stream, callback: Callable[[Machine], Any]) -> Any:
        self._here = stream.id
        return self._context.run(callback, self._machine)

    def request(self, exchange: str, *chunks: bytes) -> Stream:
        """A client's request."""
        stream = Stream(self, FIRST, ahead=False)
        stream.request_headers([*REQUEST, ("x-proxywasm-exchange", exchange)], not chunks)
        stream.request_body(*chunks)
        return stream

    def attempt(self, exchange: str, *chunks: bytes, ahead: bool = False) -> Stream:
        """What the first stage sends to the second: always the client's request, as the plugin has let it go on."""
        attempt = Stream(self, SECOND, ahead=ahead)
        attempt.request_headers([*REQUEST, ("x-proxywasm-exchange", exchange)], not chunks)
        attempt.request_body(*chunks)
        return attempt

    def tick(self) -> None:
        self.ticks = False
        self._here = FIRST
        self._context.run(self._machine.tick, FIRST)

    def answer(self) -> None:
        self._here = FIRST
        self._context.run(self._machine.http_call_response, FIRST, self.calls.pop(0), 1, 0)

    # The ABI.

    def log(self, _level: int, message: bytes) -> int:
        self.messages.append(message.decode())
        return 0

    def get_log_level(self) -> int:
        return INFO

    def set_effective_context(self, context: int) -> int:
        assert context in {FIRST, SECOND, *self.streams}
        self._here = context
        return 0

    def set_tick_period_milliseconds(self, milliseconds: int) -> int:
        self.ticks = milliseconds > 0
        return 0

    def get_header_map_pairs(self, _kind: int) -> bytes:
        return join_pairs([(":status", "200")])

    def set_header_map_pairs(self, kind: int, value: bytes) -> int:
        if kind == REQUEST_HEADERS:
            self.streams[self._here].fields = split_pairs(value)
        return 0

    def edit_header_map(self, kind: int, edits: bytes) -> int:
        self.streams[self._here].edits.append((kind, edits))
        return 0

    def set_property(self, path: bytes, value: bytes) -> int:
        self.properties[self._here, path] = value
        return 0

    def get_property(self, path: bytes) -> bytes | None:
        return self.streams[self._here].details if path == b"response\0code_details" else None

    def get_buffer_bytes(self, kind: int, start: int, size: int) -> bytes | None:
        if kind == PLUGIN_CONFIGURATION:
            return self._configuration
        return bytes(self.streams[self._here].chunk[start : start + size])

    def set_buffer_bytes(self, kind: int, _start: int, _size: int, value: bytes) -> int:
        assert kind in (REQUEST_BODY, RESPONSE_BODY)
        stream = self.streams[self._here]
        if not stream.has_buffer:
            return 2
        stream.chunk[:] = value
        return 0

    def continue_stream(self, kind: int) -> int:
        self.streams[self._here].continued.append(kind)
        return 0

    def send_local_response(self, status: int, details: bytes, body: bytes, headers: bytes, _grpc: int) -> int:
        stream = self.streams[self._here]
        assert stream.reply is None
        stream.reply = Reply(status, details, body, dict(split_pairs(headers)))
        return 0

    def http_call(self, _cluster: bytes, _headers: bytes, _body: bytes, _trailers: bytes, _timeout: int) -> int:
        self.contexts += 1
        self.calls.append(self.contexts)
        return self.contexts
