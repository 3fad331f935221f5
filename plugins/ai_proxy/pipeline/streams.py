"""Streams of server-sent events that are converted."""

from __future__ import annotations

from proxywasm import SSEError, log

from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol, StreamWriter
from ..wire.errors import ApiError, bad_upstream, of_upstream
from ..wire.json import Json, NumberError, loads
from . import client_terms, documents, failures, promoted_thinking
from .incomplete_event import IncompleteEvent


class ConvertedStream:
    """Bytes of the provider's stream in, bytes of the client's stream out."""

    def __init__(self, exchange: Exchange, service: AnyServiceProtocol) -> None:
        self.headers_sent = False
        """The headers have gone to the client; whoever lets them go says so."""
        self.has_event = False
        """An event has arrived."""
        self.failure: ApiError | None = None
        self._write_failed = False
        """What has been said could not be written, and nothing has gone to the client before."""
        self._at_start = True
        self._exchange = exchange
        self._event = service.event
        self._error = service.error
        self._state = service.new_state(exchange)
        self._scrubber = scrubber = exchange.secrets.scrubber
        self._suspects = scrubber.suspects_event
        self._decoder = service.decoder()
        self._writer = new_writer(exchange)
        self._incomplete = IncompleteEvent(exchange)

    @property
    def has_content(self) -> bool:
        """Something other than an error has gone to the client."""
        return self._writer.has_content and not self._write_failed

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        """What goes to the client. An error ends the stream there and is its `failure`."""
        writer = self._writer
        if writer.closed:
            return b""
        try:
            if self._at_start and chunk:
                self._expect_events(chunk)
                self._at_start = False
            events = self._decoder.feed(chunk)
            if not events or self._incomplete.is_large:
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
                    break  # The client has been told the end; what comes after it is nothing to anybody.
            if last and not writer.closed:
                self._close()
        except (ApiError, NumberError, SSEError) as error:
            self._fail(error)
        if not writer.needs_scrubbing:
            return writer.take()  # As mostly: each credential is longer than the few characters that are new.
        output = writer.take()
        return self._scrubber.remove(output) if self._suspects(output) else output

    def _fail(self, error: ApiError | NumberError | SSEError) -> None:
        self.failure = failure = of_upstream(error)
        self._write_failed = isinstance(error, NumberError) and not self.headers_sent
        failures.log_broken_stream(failure, self._scrubber)
        self._writer.fail(failure)

    def _expect_events(self, chunk: bytes) -> None:
        """An error may come as JSON or HTML although events were announced."""
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
                # The rest of an event that was cut. If all has been said, nothing is missing.
                log.warn("the upstream's stream ends within an event")
                self._writer.may_end = False
                break
            self._event(self._exchange, self._state, event, document, self._writer)
        self._writer.done()


def made_of(exchange: Exchange, answer: Json) -> bytes:
    """A stream that says at once what a whole answer says, for clients of services that do not stream."""
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
    writer = client_terms.restoring(exchange, exchange.client.new_writer(exchange))
    return promoted_thinking.PromotingWriter(writer) if promoted_thinking.is_enabled(exchange.settings) else writer
