"""One HTTP stream in Envoy's filter chain, between an upstream, a client and one Wasm filter.

It keeps Envoy's rules for body phases, buffers and resuming (`source/common/http/filter_manager.cc`,
`source/extensions/common/wasm/context.cc`), so that a test decides when a chunk, a call-out's answer or a timer comes.
The filter is the adapter as it runs in the module, natively.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from contextvars import copy_context
from typing import Any, NamedTuple

from proxywasm import Plugin
from proxywasm.abi.calls import CALL_BODY, PASS, PLUGIN_CONFIGURATION
from proxywasm.abi.machine import Machine
from proxywasm.abi.pairs import join_pairs
from proxywasm.field_text import join_fields
from proxywasm.wire import Fields

ROOT, STREAM = 1, 2
OK, BAD_ARGUMENT = 0, 2
CONTINUE, STOP, STOP_NO_BUFFER, STOP_ALL = 0, 1, 3, 4
INFO = 2
_TRAILERS = (1, 3)
"""Numbers of header maps."""


class Phases(NamedTuple):
    """The filter's callbacks of a direction."""

    headers: Callable[[bytes, bool], int]
    body: Callable[[int, bool], int]
    trailers: Callable[[], int]


class Direction:
    """What goes out, and what the filter manager and the Wasm filter know about what came in."""

    def __init__(self, chain: FilterChain, phases: Phases) -> None:
        self.sent = bytearray()
        self.headers_sent = self.done = False
        self.replied = False
        """A local reply has taken its place."""
        self.largest = 0
        """Bytes that the buffer has held at most."""
        self._chain, self._phases = chain, phases
        self._iterates = True
        self._stopped_all = False
        self._complete = self._trailers = False
        self.passes = False  # as the module's shim notes it: no call for trailers
        # The filter manager's buffer, once there is one; what the running phase was given; whether the Wasm filter adds
        # what arrives to the buffer before it calls.
        self._buffer: bytearray | None = None
        self._given: bytearray | None = None
        self._buffering = False

    # What arrives.

    def headers(self, fields: Fields, end: bool = False) -> None:
        self._complete = end
        data = join_fields(fields).encode()
        action = self._chain.call(lambda: self._phases.headers(data, end))
        if self.replied:
            return
        self.passes = action == PASS
        if action in (CONTINUE, PASS):
            self._send_headers(end)
        else:
            self._iterates, self._stopped_all = False, action == STOP_ALL

    def body(self, data: bytes, end: bool = False) -> None:
        self._complete = self._complete or end
        if self.replied:
            return
        if self._stopped_all:
            self._keep(bytearray(data))
        else:
            self._filter(bytearray(data), end)

    def trailers(self) -> None:
        self._complete = self._trailers = True
        if self.replied or self._stopped_all:
            return
        action = CONTINUE if self.passes else self._chain.call(self._phases.trailers)
        if self.replied:
            return
        if action == STOP:
            self._iterates = False
        elif self._iterates:
            self.done = True
        else:
            self.resume()

    def _filter(self, data: bytearray, end: bool) -> None:
        buffered = False
        if self._buffering and data is not self._buffer:
            self._keep(data)
            data = bytearray()
            buffered = not self._chain.strands
        self._given = data
        action = self._chain.call(lambda: self._phases.body(len(self.reachable or b""), end))
        self._buffering = action == STOP
        if action == CONTINUE:
            self._given = None
        if self.replied:
            return
        if action == CONTINUE and self._iterates:
            self._send(self._buffer if buffered and self._buffer is not None else data, end)
        elif action == CONTINUE:
            self._keep(data)
            self.resume()
        else:
            self._iterates = False
            if action == STOP:
                self._keep(data)
            elif self._complete and not self._trailers and self._buffer is None:
                self._buffer = bytearray()

    # What the filter manager does.

    def _keep(self, data: bytearray) -> None:
        if data is self._buffer:
            return
        if self._buffer is None:
            self._buffer = bytearray()
        self._buffer += data
        self.largest = max(self.largest, len(self._buffer))
        data.clear()

    def resume(self) -> None:
        if self.replied or self.done:
            return
        from_this_filter, self._stopped_all, self._iterates = self._stopped_all, False, True
        if not self.headers_sent:
            self._send_headers(self._complete and self._buffer is None and not self._trailers)
        trailers = self._trailers
        if self._buffer is not None:
            (self._filter if from_this_filter else self._send)(self._buffer, self._complete and not trailers)
        if trailers and from_this_filter:
            self.trailers()
        elif trailers:
            self.done = True

    def _send_headers(self, end: bool) -> None:
        self.headers_sent = True
        self.done = end

    def _send(self, data: bytearray, end: bool) -> None:
        assert self.headers_sent
        assert not self.done, "data behind the end"
        self.sent += data
        data.clear()
        self.done = end

    # What the filter asks for.

    @property
    def reachable(self) -> bytearray | None:
        return self._buffer if self._buffering else self._given

    def replace(self, start: int, size: int, data: bytes) -> int:
        buffer = self.reachable
        if buffer is None:
            return BAD_ARGUMENT
        if start == 0 and size == 0:
            buffer[:0] = data
        elif start == 0 and size >= len(buffer):
            buffer[:] = data
        elif start >= len(buffer):
            buffer += data
        else:
            return BAD_ARGUMENT
        if buffer is self._buffer:
            self.largest = max(self.largest, len(buffer))
        return OK


class RefusedError(Exception):
    value = BAD_ARGUMENT


class FilterChain:
    """Envoy: what a test does to it, and the ABI."""

    strands = False
    """As Envoy 1.36: what is in the buffer stays there when the filter returns `Continue` and is not stopped. Envoy
    1.40 takes it out."""

    def __init__(self, plugin: Plugin[Any], configuration: bytes = b"") -> None:
        self.messages: list[str] = []
        self.calls: list[int] = []
        """Call-outs that have not been answered."""
        self.ticks = False
        """A timer runs."""
        self.reset = False
        self._configuration = configuration
        self._made = 0
        self._after: list[Callable[[], None]] = []
        self._answer = b""
        self._machine = machine = Machine(plugin, self, None, RefusedError)  # type: ignore[arg-type]
        self.request = Direction(
            self,
            Phases(
                lambda headers, end: machine.request_headers(STREAM, ROOT, INFO, headers, end),
                lambda size, end: machine.request_body(STREAM, size, end),
                lambda: machine.request_trailers(STREAM),
            ),
        )
        self.response = Direction(
            self,
            Phases(
                lambda headers, end: machine.response_headers(STREAM, headers, end),
                lambda size, end: machine.response_body(STREAM, size, end),
                lambda: machine.response_trailers(STREAM),
            ),
        )
        self._directions = (self.request, self.response)
        # In a module the adapter makes its plugin the running one for good; here it is in a context of its own.
        self._context = copy_context()
        before = random.getstate()
        with redirect_stdout(sys.stdout), redirect_stderr(sys.stderr):
            assert self.call(lambda: machine.configure(ROOT, len(configuration))), self.messages
        random.setstate(before)

    def call(self, callback: Callable[[], Any]) -> Any:
        """What a callback asks for is carried out when it has returned, before its answer is looked at."""
        result = self._context.run(callback)
        after, self._after = self._after, []
        for function in after:
            function()
        return result

    # What happens to the filter besides phases.

    def answer(self, body: bytes = b"") -> None:
        """The call-out that waits longest is answered."""
        call = self.calls.pop(0)
        self._answer = body
        self.call(lambda: self._machine.http_call_response(ROOT, call, 1, len(body)))

    def tick(self) -> None:
        self.call(lambda: self._machine.tick(ROOT))

    # The ABI.

    def log(self, _level: int, message: bytes) -> int:
        self.messages.append(message.decode())
        return OK

    def get_log_level(self) -> int:
        return INFO

    def set_effective_context(self, _context: int) -> int:
        return OK

    def set_tick_period_milliseconds(self, milliseconds: int) -> int:
        self.ticks = milliseconds > 0
        return OK

    def get_header_map_pairs(self, kind: int) -> bytes:
        return join_pairs([("x-trailer", "yes")] if kind in _TRAILERS else [(":status", "200")])

    def edit_header_map(self, _kind: int, _edits: bytes) -> int:
        return OK

    def get_property(self, _path: bytes) -> None:
        return None

    def get_buffer_bytes(self, kind: int, start: int, size: int) -> bytes | None:
        if kind == CALL_BODY:
            return self._answer
        if kind == PLUGIN_CONFIGURATION:
            return self._configuration
        buffer = self._directions[kind].reachable
        return None if buffer is None else bytes(buffer[start : start + size])

    def set_buffer_bytes(self, kind: int, start: int, size: int, value: bytes) -> int:
        return self._directions[kind].replace(start, size, value)

    def continue_stream(self, kind: int) -> int:
        self._after.append(self._directions[kind].resume)
        return OK

    def close_stream(self, _kind: int) -> int:
        self._after.append(self._close)
        return OK

    def _close(self) -> None:
        self.reset = True
        self.request.replied = self.response.replied = True

    def send_local_response(self, _status: int, _details: bytes, _body: bytes, _headers: bytes, _grpc: int) -> int:
        """Here it ends the stream, without a way back through the filter."""
        self._after.append(self._close)
        return OK

    def http_call(self, _cluster: bytes, _headers: bytes, _body: bytes, _trailers: bytes, _timeout: int) -> int:
        self._made += 1
        self.calls.append(self._made)
        return self._made
