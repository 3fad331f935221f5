"""Collect one stream as it passes the plugins of a gateway: what arrives, what leaves, and when."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from proxywasm.wire import Fields, LocalReply

from ...services import HttpCall
from ...stream import Event, StartOver
from ..exchange import CallOut, Exchange, Message, time_text
from ..replay import Observed, Result, call_report, report

_MOST_CALLS: Final = 100
VIA_UPSTREAM: Final = "via_upstream"
"""The details of a response that an upstream has made."""


@dataclass
class _Incoming:
    """A message that arrives."""

    fields: Fields
    times_ms: list[int]
    chunks: list[bytes] = field(default_factory=list)
    ended: bool = False
    details: str = ""
    broken: str = ""

    def message(self) -> Message:
        return Message(
            self.fields,
            tuple(self.chunks),
            tuple(self.times_ms),
            unfinished=not self.ended,
            details=self.details,
            broken=self.broken,
        )


class StreamRecording:
    """`configs` are those of the plugins, `names` the plugins' names, `largest` the most bytes that are kept.

    Attributes:
        omitted: why the stream is not recorded; empty: it is.
        size: bytes that are kept.
    """

    def __init__(
        self, configs: Sequence[str], names: Sequence[str], properties: Mapping[str, str], *, largest: int
    ) -> None:
        self.omitted = ""
        self.size = 0
        self._configs = tuple(configs)
        self._names = tuple(names)
        self._properties = dict(properties)
        self._largest = largest
        self._time_ns = time.time_ns()
        self._began = time.monotonic()
        self._request: _Incoming | None = None
        self._response: _Incoming | None = None
        self._given_up: list[Message] = []
        """Responses of upstreams that a plugin has given up."""
        self._observed = Observed()
        self._calls: list[Result] = []
        self._answers: dict[int, CallOut] = {}
        self._cut = False
        self._notes: list[str] = []

    def omit(self, reason: str) -> None:
        """Forget the stream, which is not recorded."""
        self.omitted = self.omitted or reason
        self._request = self._response = None
        self._given_up = []
        self._observed = Observed()
        self._calls, self._answers = [], {}
        self.size = 0

    @property
    def title(self) -> str:
        fields = {} if self._request is None else dict(self._request.fields)
        path = fields.get(":path", "").partition("?")[0]
        return f"{fields.get(':method', '')} {path}".strip() or "a request"

    # What arrives.

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        if not self.omitted:
            self._request = _Incoming(fields, [self._passed()], ended=end_of_stream)
            self._keep(fields)

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        if self._request is None:
            return
        self._add(self._request, data, end_of_stream)
        if self.size > self._largest:
            title = self.title
            self.omit(f"{title}: the request is larger than {self._largest:,} bytes")

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str) -> None:
        if self._request is None:
            return
        if dict(fields)[":status"] == "101":
            self.omit(f"{self.title}: the connection changes to another protocol, such as WebSocket")
            return
        own = "" if details == VIA_UPSTREAM else details
        self._response = _Incoming(fields, [self._passed()], ended=end_of_stream, details=own)
        self._keep(fields)

    def response_body(self, data: bytes, end_of_stream: bool, *, replied: bool = False) -> None:
        """`replied`: a plugin has answered in place of this response."""
        if self._response is None or self._cut:
            return
        if self.size + len(data) > self._largest:
            self._cut = True
            self._notes.append(f"the recording was cut after {self._largest:,} bytes")
            return
        self._add(self._response, data, end_of_stream)
        if not replied:
            self._observed.begin_chunk()

    def broken(self, details: str) -> None:
        """The upstream breaks the response off, and plugins are told."""
        if self._response is not None:
            self._response.broken = details

    def trailers(self, *, response: bool) -> None:
        """Exchange files have none, so the end of the body takes their place."""
        half = self._response if response else self._request
        if half is not None and not self._cut:
            half.ended = True
            self._notes.append(f"the {'response' if response else 'request'} had trailers")

    # What leaves.

    def see(self, event: Event) -> None:
        if isinstance(event, StartOver):
            self._start_over()
        if not self.omitted and not self._cut:
            self._observed.see(event)
            self.size += len(getattr(event, "data", b""))

    def _start_over(self) -> None:
        """A plugin has sent another request in place of the one before."""
        if self._response is None:
            self.omit(f"{self.title}: a plugin sent another request before there was a response")
        else:
            self._given_up.append(self._response.message())
            self._response, self._cut = None, False

    def called(self, call: HttpCall) -> None:
        if self.omitted:
            return
        if len(self._calls) >= _MOST_CALLS:
            self.omit(f"{self.title}: the plugins call services more than {_MOST_CALLS} times")
            return
        self._calls.append(call_report(call))
        path = dict(call.headers).get(":path")
        self._answers[len(self._calls)] = CallOut(call.cluster, path, None, once=True)
        self.size += len(call.body)

    def answered(self, number: int, fields: Fields, body: bytes) -> None:
        """The answer to the call with this number, which counts from 1; no fields: there is none."""
        if (answer := self._answers.get(number)) is not None and fields:
            self._answers[number] = CallOut(answer.cluster, answer.path, Message(fields, (body,)), once=True)
            self.size += len(body)

    @property
    def calls(self) -> int:
        return len(self._calls)

    def exchange(self, reply: LocalReply | None) -> Exchange | None:
        """The recording, when the stream is over. None: there was no request, or it was omitted."""
        if self._request is None:
            return None
        responses = [*self._given_up, *([] if self._response is None else [self._response.message()])]
        expect: dict[str, Any] = {"start": "ok"} | report(
            self._observed,
            reply,
            self._calls,
            replied_to_request=reply is not None and not responses,
            chained=len(self._configs) > 1,
        )
        notes = [f"recorded with {' and '.join(self._names) or 'no plugin'}", *self._notes]
        return Exchange(
            name=f"{self.title} {time_text(self._time_ns)}",
            config=self._configs[0] if len(self._configs) == 1 else "",
            request=self._request.message(),
            response=responses[0] if responses else None,
            next_responses=tuple(responses[1:]),
            properties=self._properties,
            callouts=tuple(self._answers.values()),
            raw={"note": "; ".join(notes), "expect": expect},
            chain=self._configs if len(self._configs) > 1 else (),
            time_ns=self._time_ns,
        )

    def _passed(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    def _keep(self, fields: Fields) -> None:
        self.size += sum(len(name) + len(value) for name, value in fields)

    def _add(self, half: _Incoming, data: bytes, end_of_stream: bool) -> None:
        half.chunks.append(data)
        half.times_ms.append(self._passed())
        half.ended = end_of_stream
        self.size += len(data)
