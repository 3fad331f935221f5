"""Convert bodies and answers between this host and a component of the world `http-plugin`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeAlias

from proxywasm.field_text import as_unicode, join_fields, split_fields, with_bytes
from proxywasm.fields import REQUEST_PSEUDO, RESPONSE_PSEUDO
from proxywasm.replies import STATUSES
from proxywasm.wire import (
    BodyMode,
    Command,
    EditRequestHeaders,
    EditRequestTrailers,
    EditResponseHeaders,
    EditResponseTrailers,
    EffectiveContext,
    FailStream,
    FieldEdits,
    Fields,
    Hold,
    HoldPhase,
    Injection,
    InjectResponseBody,
    Leave,
    LimitFirstByte,
    LocalReply,
    NewRequest,
    PluginFailure,
    ReadRequestBody,
    ReadRequestTrailers,
    ReadResponseBody,
    ReadResponseTrailers,
    ReplaceRequestBody,
    ReplaceResponseBody,
    ResumeRequest,
    ResumeResponse,
    SendAgain,
    SendLocalReply,
)

from ..limit_fields import KIB, MIB, too_large, too_many
from ..stream.field_rules import sent_edits, sent_fields
from .limits import Limits

Payload: TypeAlias = tuple[str, str]
"""The WIT type `payload` sent to a component: the case and its string."""

RawPayload: TypeAlias = tuple[str, bytes]
"""The WIT type `payload` received from a component: the case, and its string in UTF-8."""


_LARGE: Final = 64 * KIB
"""Bytes from which it matters how much memory a text takes in Python, here and in a guest: a single emoji makes each of
its characters take four bytes. As one character per byte it takes no more than the bytes."""


_HUGE: Final = 4 * MIB
"""Bodies of more bytes are never converted to such a text, not even temporarily."""


def to_text(data: bytes) -> tuple[str, bool]:
    """The string for a body, and whether it has one character for each byte."""
    if len(data) <= _HUGE or data.isascii():
        try:
            text = data.decode()
        except UnicodeDecodeError:
            pass
        else:
            # Of a text that is known at once, of bytes they all have to be looked at.
            if len(data) <= _LARGE or text.isascii():
                return text, False
    return data.decode("latin-1"), True


def to_payload(data: bytes) -> Payload:
    text, latin1 = to_text(data)
    return "latin1" if latin1 else "utf8", text


def to_bytes(payload: RawPayload) -> bytes:
    """The body of a string with one character for each byte. Raises `ValueError` for other characters."""
    case, data = payload
    if case == "utf8":
        return data
    # Such characters would make of each of the others one that takes four bytes.
    if len(data) > _LARGE and data.translate(None, _NO_BYTES) != data:
        raise ValueError("a character that is no byte")
    return data.decode().encode("latin-1")


_NO_BYTES: Final = bytes(range(0xC4, 0x100))
"""First bytes of the UTF-8 of characters over 255."""


def to_fields(fields: Fields) -> str:
    """The string for header fields. Raises `ValueError` for a field with NUL."""
    return as_unicode(join_fields(fields))


def from_fields(data: bytes, pseudo: Collection[str] = ()) -> Fields:
    """The header fields of a string, with no other pseudo-headers than `pseudo`. Raises `ValueError` for invalid
    ones."""
    return sent_fields(split_fields(with_bytes(data.decode())), pseudo)


def _local_reply(fields: tuple[int, bytes, RawPayload, str]) -> SendLocalReply:
    status, headers, body, details = fields
    if status not in STATUSES:
        raise ValueError(f"{status} is not a status that can be sent (200 to 599)")
    return SendLocalReply(LocalReply(status, from_fields(headers), to_bytes(body), details))


def _new_request(fields: tuple[bytes, RawPayload, int | None]) -> SendAgain:
    headers, body, first_byte_timeout_ms = fields
    return SendAgain(NewRequest(from_fields(headers, REQUEST_PSEUDO), to_bytes(body), first_byte_timeout_ms))


def _edits(data: bytes, pseudo: Collection[str]) -> FieldEdits:
    edits = with_bytes(data.decode()).split("\0") if data else []
    if len(edits) % 2:
        raise ValueError("an edit without a value")
    return sent_edits(edits, pseudo)


def _injection(fields: tuple[RawPayload, bool]) -> InjectResponseBody:
    body, end_of_stream = fields
    return InjectResponseBody(Injection(to_bytes(body), end_of_stream))


_COMMANDS: Final[dict[str, Callable[[Any], Command]]] = {
    "effective-context": EffectiveContext,
    "hold": lambda value: HoldPhase(Hold(value)),
    "read-request-body": lambda value: ReadRequestBody(BodyMode(value[0]), value[1]),
    "read-response-body": lambda value: ReadResponseBody(BodyMode(value[0]), value[1]),
    "edit-request-headers": lambda value: EditRequestHeaders(_edits(value, REQUEST_PSEUDO)),
    "edit-response-headers": lambda value: EditResponseHeaders(_edits(value, RESPONSE_PSEUDO)),
    "replace-request-body": lambda value: ReplaceRequestBody(to_bytes(value)),
    "replace-response-body": lambda value: ReplaceResponseBody(to_bytes(value)),
    "inject-response-body": _injection,
    "resume-request": lambda _: ResumeRequest(),
    "resume-response": lambda _: ResumeResponse(),
    "send-local-reply": _local_reply,
    "fail": FailStream,
    "read-request-trailers": lambda _: ReadRequestTrailers(),
    "read-response-trailers": lambda _: ReadResponseTrailers(),
    "edit-request-trailers": lambda value: EditRequestTrailers(_edits(value, ())),
    "edit-response-trailers": lambda value: EditResponseTrailers(_edits(value, ())),
    "send-again": _new_request,
    "limit-first-byte": LimitFirstByte,
    "leave": Leave,
}


def to_outcome(case: str, value: Any, limits: Limits) -> bytes | list[Command]:
    """The plugin's answer. Each part of it is within its own bound already, see `bounds`.

    Raises `PluginFailure` for an answer that is too large as a whole, or invalid.
    """
    try:
        if case == "commands":
            _check_sums(value, limits)
            return [_COMMANDS[name](argument) for name, argument in value]
        if command := _COMMANDS.get(case):
            return [command(value)]
        if len(value) > limits.streams.answer:
            _check("body", _size((case, value)), limits.streams.answer)
        return to_bytes((case, value))
    except (ValueError, IndexError) as error:
        # Odd numbers of strings, characters over 255 in `latin1`: a plugin not written with our SDK.
        raise PluginFailure(f"the plugin's answer breaks the rules of {case}: {error}") from error


def _check_sums(commands: Sequence[tuple[str, Any]], limits: Limits) -> None:
    """Check how much all parts are together, before any of them is converted."""
    fields = headers = bodies = 0
    for name, value in commands:
        texts, payload = _PARTS[name](value) if name in _PARTS else ((), None)
        for text in texts:
            fields += (text.count(b"\0") + 1) // 2
            headers += len(text)
        if payload is not None:
            bodies += _size(payload)
    if fields > limits.header_count:
        raise PluginFailure(_TOO_MUCH + too_many("header fields", fields, limits.header_count))
    _check("header", headers, limits.header_size)
    _check("body", bodies, limits.streams.answer)


def _check(what: str, size: int, most: int) -> None:
    if size > most:
        raise PluginFailure(_TOO_MUCH + too_large(what, size, most))


_TOO_MUCH: Final = "the plugin's answer has "


def _size(payload: RawPayload) -> int:
    case, data = payload
    return len(data) if case == "utf8" else len(data.translate(None, _CONTINUATION))


_CONTINUATION: Final = bytes(range(0x80, 0xC0))
"""The second byte in UTF-8 of characters from 128 to 255."""

# Header fields and bodies of the commands that have some.
_PARTS: Final[dict[str, Callable[[Any], tuple[Sequence[bytes], RawPayload | None]]]] = {
    "edit-request-headers": lambda text: ((text,), None),
    "edit-response-headers": lambda text: ((text,), None),
    "edit-request-trailers": lambda text: ((text,), None),
    "edit-response-trailers": lambda text: ((text,), None),
    "replace-request-body": lambda payload: ((), payload),
    "replace-response-body": lambda payload: ((), payload),
    "inject-response-body": lambda injection: ((), injection[0]),
    "send-local-reply": lambda reply: ((reply[1],), reply[2]),
    "send-again": lambda request: ((request[0],), request[1]),
}
