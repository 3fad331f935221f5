"""Converts streams of the upstream to the client's protocol."""

from __future__ import annotations

from collections.abc import Mapping

from proxywasm import SSEError, log

from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol, StreamWriter
from ..wire import limits
from ..wire.errors import ApiError, bad_upstream, of_upstream
from ..wire.json import Json, NumberError, loads
from . import client_terms, documents, failures, promoted_thinking, unread_fields
from .incomplete_event import IncompleteEvent
from .refused_answers import WatchingWriter


class ConvertedStream:
    """Converts one stream: takes the bytes of the provider and returns those for the client."""

    def __init__(
        self, exchange: Exchange, service: AnyServiceProtocol, dropped: Mapping[str, str] | None = None
    ) -> None:
        """`dropped`: the fields of its events that are known not to be read, to log others that are not; None: nothing
        is logged.
        """
        self.headers_sent = False
        """The headers have been sent to the client. Set by the caller that sends them."""
        self.has_event = False
        """An event has arrived, and whether a content filter has refused the answer is known."""
        self.failure: ApiError | None = None
        self.ended = False
        self._write_failed = False
        """The first output could not be written, so the client has received nothing."""
        self._at_start = True
        self._exchange = exchange
        self._event = service.event if dropped is None else unread_fields.WatchingEvents(service, dropped)
        self._error = service.error
        self._state = service.new_state(exchange)
        self._scrubber = scrubber = exchange.secrets.scrubber
        self._suspects = scrubber.suspects_event
        self._decoder = service.decoder()
        self._writer = exchange.answer.writer = new_writer(exchange)
        self._watch = watch = exchange.answer.watch
        if watch is not None:
            self._writer = WatchingWriter(self._writer, watch)
        self._incomplete = IncompleteEvent(exchange)

    @property
    def has_content(self) -> bool:
        """A part of the answer has been written for the client."""
        return self._writer.has_content and not self._write_failed

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        """The bytes for the client. An error ends the stream, and becomes `failure`."""
        writer = self._writer
        if writer.closed:
            return b""
        try:
            if self._at_start and chunk:
                self._expect_events(chunk)
                self._at_start = False
            events = self._decoder.feed(chunk)
            if self._incomplete.is_large or (not events and self._decoder.waiting > limits.LARGE_EVENT):
                self._incomplete.grow_to(self._decoder.waiting)
            for event in events:
                self.has_event = True
                data = event.data
                if data == "[DONE]":
                    writer.may_end = True
                    writer.done()
                else:
                    self._event(self._exchange, self._state, event, documents.of_event(data), writer)
                if writer.closed:
                    self.ended = True
                    break  # Events after the end are ignored.
            if last and not writer.closed:
                self._close()
        except (ApiError, NumberError, SSEError) as error:
            self._fail(error)
        if self._watch is not None:
            if not (self._watch.decided or last or self.failure):
                self.has_event = False
                return b""
            self._watch, self._writer = None, self._exchange.answer.writer or writer
            self.has_event = True
        if not writer.needs_scrubbing:
            return writer.take()  # The usual case: the new text is shorter than every credential.
        output = writer.take()
        return self._scrubber.remove(output) if self._suspects(output) else output

    def _fail(self, error: ApiError | NumberError | SSEError) -> None:
        self.failure = failure = of_upstream(error)
        self._write_failed = isinstance(error, NumberError) and not self.headers_sent
        failures.log_broken_stream(failure, self._scrubber)
        self._writer.fail(failure)

    def _expect_events(self, chunk: bytes) -> None:
        """Raises `ApiError` if the first bytes cannot be events. Some services send errors as JSON or HTML."""
        start = chunk.lstrip()[:1]
        if start not in {b"{", b"<"}:
            return
        if start == b"{":
            try:
                document = loads(chunk)
            except ValueError:
                document = None
            if isinstance(document, dict) and (error := self._error(200, document)) is not None:
                raise error
        raise bad_upstream("the upstream sent something other than server-sent events")

    def _close(self) -> None:
        for event in self._decoder.close():
            if event.data == "[DONE]":
                self._writer.may_end = True
                continue
            try:
                document = documents.of_event(event.data)
            except ApiError:
                # The end of the stream has cut an event. That is an error only if a choice is not finished.
                log.warn("the upstream's stream ends within an event")
                self._writer.may_end = False
                break
            self._event(self._exchange, self._state, event, document, self._writer)
        self._writer.done()


def from_answer(exchange: Exchange, answer: Json) -> bytes:
    """A whole answer as a stream, for clients of services that do not stream."""
    writer = new_writer(exchange)
    writer.begin(str(answer.get("id") or ""), created=answer.get("created"), model=answer.get("model"))
    for choice in answer["choices"]:
        writer.delta(choice["index"], choice["message"], logprobs=choice.get("logprobs"))
        writer.finish(choice["index"], choice["finish_reason"] or "stop")
    if answer.get("usage"):
        writer.usage(answer["usage"])
    writer.done()
    return writer.take()


def new_writer(exchange: Exchange) -> StreamWriter:
    client = exchange.client
    writer = client.new_writer(exchange)
    if not client.is_pivot and unread_fields.is_wanted():
        writer = unread_fields.WatchingWriter(client, writer)
    if exchange.tool_names or exchange.legacy_functions:
        writer = client_terms.RestoringWriter(writer, exchange.tool_names, legacy=exchange.legacy_functions)
    return promoted_thinking.PromotingWriter(writer) if promoted_thinking.is_enabled(exchange.settings) else writer
