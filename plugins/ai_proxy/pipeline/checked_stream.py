"""Streams of server-sent events in the client's own protocol, which are checked and not converted."""

from __future__ import annotations

import re
from typing import Final

from proxywasm import SSEDecoder, log

from ..credentials.scrubber import NO_CREDENTIALS, Scrubber
from ..protocols.exchange import Exchange
from ..protocols.openai import service as openai_chat
from ..protocols.pivot.chat import error_event
from ..wire import limits
from ..wire.errors import ApiError, bad_upstream, stream_cut
from ..wire.json import loads, to_bytes
from . import failures, usage
from .incomplete_event import IncompleteEvent
from .refused_answers import watch_events
from .usage_chunks import UsageChunks

# A stream of the OpenAI protocol ends with `[DONE]`, with a finish reason or with an error. Regular expressions are
# slow, so plain bytes are searched first.
_FINISH: Final = b'"finish_reason"'
_FINISHED: Final = re.compile(_FINISH + rb'\s*:\s*"')
_ERROR: Final = b'"error"'
_CONTENT: Final = b'"content"'
_USAGE: Final = b'"usage"'
_DATA: Final = re.compile(rb"(?:^|[\r\n])data:")
_ESCAPE: Final = ord("\\")
_FAILED: Final = re.compile(_ERROR + rb'\s*:\s*[{"]')


class CheckedStream:
    """Sends whole events unchanged and without parsing them. A stream that ends too early ends with an error."""

    def __init__(self, scrubber: Scrubber = NO_CREDENTIALS, exchange: Exchange | None = None) -> None:
        self._incomplete = IncompleteEvent(exchange)
        self.headers_sent = self.has_event = self.has_content = False
        self.failure: ApiError | None = None
        self.ended = False
        self._answer = exchange.answer if exchange is not None else None
        self._scrubber = scrubber
        self._suspects = scrubber.suspects_event
        self._shortest = scrubber.shortest
        self._at_start = True
        self._head = self._tail = b""
        self._held = bytearray()
        self._ended = False
        self._has_data = self._has_finishes = False
        self._held_start: bytes | None = b"" if exchange is not None and exchange.attempts is not None else None
        """What has arrived before the first event that counts, as long as another attempt may answer. None: all do."""
        wanted = None if exchange is None else exchange.wants_usage
        self._usage_chunks = None if wanted is None else UsageChunks(wanted=wanted)

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        if self._head and not last:
            if self._has_known_shape(chunk):
                return chunk
            self._head = b""
        output = self._checked(chunk, last=last)
        if self._suspects(output):
            return self._scrubber.remove(output)
        if output is chunk and not self._ended:
            self._learn_shape(chunk)
        return output

    def _has_known_shape(self, chunk: bytes) -> bool:
        """Whether the chunk differs from an earlier event only inside its content, as nearly all events do.

        Then only the content has to be checked: a JSON string is neither an end nor an error.
        """
        head, tail = self._head, self._tail
        if not (chunk.startswith(head) and chunk.endswith(tail)) or len(chunk) < len(head) + len(tail):
            return False
        new = chunk[len(head) : -len(tail)]
        return new.find(b'"') < 0 and (len(new) < self._shortest or not self._suspects(new))

    def _checked(self, chunk: bytes, *, last: bool) -> bytes:
        if self.failure:
            return b""
        if self._at_start and chunk and not self._looks_like_events(chunk):
            return self._fail(bad_upstream("the upstream sent something other than server-sent events"))
        output = chunk
        if self._held or not chunk.endswith(b"\n\n"):
            output = self._whole_events(chunk)
            if (too_large := self._held_too_much()) is not None:
                self._held.clear()
                return output + self._fail(too_large)
        if not self.has_event and (output or last):
            output = self._beginning(output, last=last)
            if not (output or last):
                return b""
            if output:
                self.has_event = True
                if (error := _error_in(output)) is not None:
                    return self._fail(error)
                self.has_content = True
        if not self._ended:
            self._look_for_end(output)
        if last and (self._held or not self._ended):
            output += self._rest_at_end()
        if self._answer is not None:
            usage.note(self._answer, output)
        self.ended = self._ended and output.find(b"[DONE]") >= 0
        chunks = self._usage_chunks
        # A search before the call: most chunks do not mention the usage.
        if chunks is not None and (chunks.pending or output.find(_USAGE) >= 0) and chunks.concerns(output):
            return chunks.apply(output, last=last)
        return output

    def _beginning(self, output: bytes, *, last: bool) -> bytes:
        """All that has arrived, when there is an event in it that counts; before that nothing."""
        if self._held_start is None:
            return output
        output = self._held_start + output
        if self._has_begun(output) or (last and _DATA.search(output) is not None):
            return output
        self._held_start = output
        return b""

    def _has_begun(self, output: bytes) -> bool:
        """Whether there is an event in these, and it is known whether a content filter has refused the answer."""
        if len(output) > limits.LARGE_EVENT:
            return True
        if _DATA.search(output) is None:
            return False
        watch = None if self._answer is None else self._answer.watch
        if watch is None:
            return True
        watch_events(watch, output)
        return watch.decided

    def _rest_at_end(self) -> bytes:
        """The output at the end of the stream: a last event without blank line, and an error if the end is missing."""
        rest, output = bytes(self._held), b""
        if _is_complete(rest):
            output = rest + b"\n\n"
            self._look_for_end(rest)
            rest = b""
        elif rest:
            log.warn("the upstream's stream ends within an event")
        if not self._ended and (self._has_finishes or not self._has_data or rest):
            output += self._fail(stream_cut())
        return output

    def _held_too_much(self) -> ApiError | None:
        """The error if the incomplete event is too large, alone or together with those of other streams."""
        size = len(self._held)
        if size > limits.EVENT:
            return bad_upstream(f"a server-sent event exceeds {limits.EVENT} bytes")
        try:
            self._incomplete.grow_to(size)
        except ApiError as error:
            return error
        return None

    def _looks_like_events(self, chunk: bytes) -> bool:
        """Whether the first bytes can be events. Some services send errors as JSON or HTML instead."""
        self._at_start = False
        return chunk.lstrip()[:1] not in {b"{", b"<"}

    def _learn_shape(self, chunk: bytes) -> None:
        """Store the text around the content. Not if a credential has a quotation mark: it could begin outside."""
        if not self._shortest or self._held:
            return
        name = chunk.find(_CONTENT) + len(_CONTENT)
        start = chunk.find(b'"', name) + 1
        end = chunk.find(b'"', start)
        if name >= len(_CONTENT) and chunk[name : start - 1].strip() == b":" and end >= 0 and chunk[end - 1] != _ESCAPE:
            self._head, self._tail = chunk[:start], chunk[end:]

    def _look_for_end(self, output: bytes) -> None:
        """Look for the end. A stream whose events never have `finish_reason`, not even null, needs none."""
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
        failures.log_broken_stream(error, self._scrubber)
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
    """The error in the first event of a stream."""
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
    """Whether the last event is complete except for its blank line."""
    events = SSEDecoder().feed(rest + b"\n\n")
    if not events:
        return False
    try:
        return all(event.data == "[DONE]" or isinstance(loads(event.data), dict) for event in events)
    except ValueError:
        return False
