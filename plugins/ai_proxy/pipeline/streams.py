"""Streams of server-sent events: those that are converted, and those that are only watched."""

from __future__ import annotations

import re
from typing import Final

from proxywasm import JsonTooComplexError, SSEDecoder, SSEError, log

from ..credentials.scrubber import NO_CREDENTIALS, Scrubber
from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol, StreamWriter
from ..protocols.openai import service as openai_chat
from ..protocols.pivot.chat import error_event
from ..wire import limits
from ..wire.errors import RESPONSE_FAILED, ApiError, bad_upstream, of_upstream, stream_cut
from ..wire.json import Json, NumberError, loads, to_bytes
from . import promoted_thinking
from .arriving import Arriving


class ConvertedStream:
    """Bytes of the provider's stream in, bytes of the client's stream out."""

    def __init__(self, exchange: Exchange, service: AnyServiceProtocol) -> None:
        self.begun = False
        """The headers have gone to the client; whoever lets them go says so."""
        self.heard = False
        """An event has arrived."""
        self.failure: ApiError | None = None
        self._unwritten = False
        """What has been said could not be written, and nothing has gone to the client before."""
        self._fresh = True
        self._exchange = exchange
        self._event = service.event
        self._error = service.error
        self._state = service.new_state(exchange)
        self._scrubber = exchange.scrubber
        self._suspects = exchange.scrubber.suspects_event
        self._decoder = service.decoder()
        self._writer = new_writer(exchange)
        self._arriving = Arriving(exchange)

    @property
    def said(self) -> bool:
        """Something other than an error has gone to the client."""
        return self._writer.said and not self._unwritten

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        """What goes to the client. An error ends the stream there and is its `failure`."""
        writer = self._writer
        if writer.closed:
            return b""
        try:
            if self._fresh and chunk:
                self._expect_events(chunk)
                self._fresh = False
            events = self._decoder.feed(chunk)
            if not events or self._arriving.counted:
                self._arriving.count(self._decoder.waiting)
            for event in events:
                self.heard = True
                data = event.data
                if data == "[DONE]":
                    writer.may_end = True
                    writer.done()
                else:
                    self._event(self._exchange, self._state, event, _document(data), writer)
                if writer.closed:
                    break  # The client has been told the end; what comes after it is nothing to anybody.
            if last and not writer.closed:
                self._close()
        except (ApiError, NumberError, SSEError) as error:
            self.failure = failure = of_upstream(error)
            self._unwritten = isinstance(error, NumberError) and not self.begun
            _tell(failure, self._scrubber)
            writer.fail(failure)
        if not writer.wordy:
            return writer.take()  # As mostly: each credential is longer than the few characters that are new.
        output = writer.take()
        return self._scrubber.remove(output) if self._suspects(output) else output

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
                document = _document(event.data)
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
    writer = exchange.client.new_writer(exchange)
    return promoted_thinking.PromotingWriter(writer) if promoted_thinking.wanted(exchange.settings) else writer


def _document(data: str) -> dict[str, object]:
    try:
        document = loads(data)
    except JsonTooComplexError as error:
        raise bad_upstream(f"the upstream sent an event with too much in it: {error}") from None
    except ValueError:
        raise bad_upstream("the upstream sent an event that is not JSON") from None
    if not isinstance(document, dict):
        raise bad_upstream("the upstream sent an event that is not a JSON object")
    return document


def _tell(failure: ApiError, scrubber: Scrubber) -> None:
    failure.hide(scrubber.clean_text)
    log.error("%s: stream not usable: %s", RESPONSE_FAILED, failure.message)


# What says, beside `[DONE]`, that a stream of the OpenAI protocol has come to its end: clean, or by an error that the
# client is told of. Patterns are slow to search for, so plain bytes tell first where to look.
_FINISH: Final = b'"finish_reason"'
_FINISHED: Final = re.compile(_FINISH + rb'\s*:\s*"')
_ERROR: Final = b'"error"'
_CONTENT: Final = b'"content"'
_ESCAPE: Final = ord("\\")
_FAILED: Final = re.compile(_ERROR + rb'\s*:\s*[{"]')


class CheckedStream:
    """A stream that is the client's protocol already. Events go on untouched and unparsed, but whole, and an end that
    comes too early does not go unnoticed.
    """

    def __init__(self, scrubber: Scrubber = NO_CREDENTIALS, exchange: Exchange | None = None) -> None:
        self._arriving = Arriving(exchange)
        self.begun = self.heard = self.said = False
        self.failure: ApiError | None = None
        self._scrubber = scrubber
        self._suspects = scrubber.suspects_event
        self._shortest = scrubber.shortest
        self._fresh = True
        self._head = self._tail = b""
        self._held = bytearray()
        self._ended = False
        self._has_data = self._has_finishes = False

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        if self._head and not last:
            if self._differs_in_its_content(chunk):
                return chunk
            self._head = b""
        output = self._checked(chunk, last=last)
        if self._suspects(output):
            return self._scrubber.remove(output)
        if output is chunk and not self._ended:
            self._remember(chunk)
        return output

    def _differs_in_its_content(self, chunk: bytes) -> bool:
        """Nearly all events of a stream are the same but for a few characters in a JSON string: all else has been
        looked at before, and what is within one string is neither an end nor an error.
        """
        head, tail = self._head, self._tail
        if not (chunk.startswith(head) and chunk.endswith(tail)) or len(chunk) < len(head) + len(tail):
            return False
        new = chunk[len(head) : -len(tail)]
        return new.find(b'"') < 0 and (len(new) < self._shortest or not self._suspects(new))

    def _checked(self, chunk: bytes, *, last: bool) -> bytes:
        if self.failure:
            return b""
        if self._fresh and chunk and not self._begins_well(chunk):
            return self._fail(bad_upstream("the upstream sent something other than server-sent events"))
        if not self._held and chunk.endswith(b"\n\n"):
            output = chunk
        else:
            output = self._whole_events(chunk)
            try:
                self._check_held()
            except ApiError as too_large:
                self._held.clear()
                return output + self._fail(too_large)
        if output and not self.heard:
            self.heard = True
            if (error := _error_in(output)) is not None:
                return self._fail(error)
            self.said = True
        if not self._ended:
            self._note(output)
        if last and (self._held or not self._ended):
            rest = bytes(self._held)
            if _is_complete(rest):
                output += rest + b"\n\n"
                self._note(rest)
                rest = b""
            elif rest:
                log.warn("the upstream's stream ends within an event")
            if not self._ended and (self._has_finishes or not self._has_data or rest):
                output += self._fail(stream_cut())
        return output

    def _check_held(self) -> None:
        """Raises `ApiError` for an event that is too large, alone or together with those of others."""
        size = len(self._held)
        if size > limits.EVENT:
            raise bad_upstream(f"a server-sent event exceeds {limits.EVENT} bytes")
        self._arriving.count(size)

    def _begins_well(self, chunk: bytes) -> bool:
        """An error may come as JSON or HTML although events were announced."""
        self._fresh = False
        return chunk.lstrip()[:1] not in {b"{", b"<"}

    def _remember(self, chunk: bytes) -> None:
        """What stands around its content. A credential with a quotation mark could begin before that."""
        if not self._shortest or self._held:
            return
        name = chunk.find(_CONTENT) + len(_CONTENT)
        start = chunk.find(b'"', name) + 1
        end = chunk.find(b'"', start)
        if name >= len(_CONTENT) and chunk[name : start - 1].strip() == b":" and end >= 0 and chunk[end - 1] != _ESCAPE:
            self._head, self._tail = chunk[:start], chunk[end:]

    def _note(self, output: bytes) -> None:
        """A stream that never speaks of a finish, not even as null, has none that could be missing."""
        finish, error = output.find(_FINISH), output.find(_ERROR)
        if (
            (finish >= 0 and _FINISHED.search(output, finish) is not None)
            or output.find(b"[DONE]") >= 0
            or (error >= 0 and _FAILED.search(output, error) is not None)
        ):
            self._ended = True
        else:
            self._has_data = self._has_data or output.find(b"data:") >= 0
            self._has_finishes = self._has_finishes or finish >= 0

    def _fail(self, error: ApiError) -> bytes:
        self.failure = error
        self._head = b""
        _tell(error, self._scrubber)
        return to_bytes(error_event(error))

    def _whole_events(self, chunk: bytes) -> bytes:
        held = self._held
        self._head = b""
        start = max(len(held) - 3, 0)
        held += chunk
        end = max(held.rfind(b"\n\n", start) + 2, held.rfind(b"\r\n\r\n", start) + 4, held.rfind(b"\r\r", start) + 2)
        if end < 5:  # None found; each find gives -1.
            return b""
        output = bytes(held[:end])
        del held[:end]
        return output


def _error_in(output: bytes) -> ApiError | None:
    """The error that a stream begins with, instead of an answer."""
    if _ERROR not in output:
        return None
    for event in SSEDecoder().feed(output):
        try:
            document = loads(event.data)
        except ValueError:
            return None
        return openai_chat.error(200, document) if isinstance(document, dict) else None
    return None


def _is_complete(rest: bytes) -> bool:
    """Whether the last event only lacks its blank line."""
    events = SSEDecoder().feed(rest + b"\n\n")
    if not events:
        return False
    try:
        return all(event.data == "[DONE]" or isinstance(loads(event.data), dict) for event in events)
    except ValueError:
        return False
