"""How bodies and answers cross between this host and a component of the world `http-plugin`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from proxywasm.wire import (
    BodyMode,
    Command,
    EditRequestHeaders,
    EditResponseHeaders,
    EffectiveContext,
    FieldEdits,
    Hold,
    HoldPhase,
    Injection,
    InjectResponseBody,
    LocalReply,
    PluginFailure,
    ReadRequestBody,
    ReadResponseBody,
    ReplaceRequestBody,
    ReplaceResponseBody,
    ResumeRequest,
    ResumeResponse,
    SendLocalReply,
    split_fields,
)

Payload: TypeAlias = tuple[str, str]
"""The WIT type `payload`: the case and its string."""


_LARGE: Final = 64 * 1024
"""Bytes from which it matters how much memory a text takes in a guest: in Python a single emoji makes each character of
it take four bytes. As one character per byte it takes no more than the bytes."""


def to_text(data: bytes) -> tuple[str, bool]:
    """Bytes as they cross, and whether that is as one character per byte."""
    if len(data) > _LARGE and not data.isascii():
        return data.decode("latin-1"), True
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return data.decode("latin-1"), True


def to_payload(data: bytes) -> Payload:
    text, latin1 = to_text(data)
    return "latin1" if latin1 else "utf8", text


def to_bytes(payload: Payload) -> bytes:
    case, text = payload
    return text.encode() if case == "utf8" else text.encode("latin-1")


def _local_reply(fields: tuple[int, str, Payload, str]) -> SendLocalReply:
    status, headers, body, details = fields
    return SendLocalReply(LocalReply(status, split_fields(headers), to_bytes(body), details))


def _edits(text: str) -> FieldEdits:
    edits = text.split("\0") if text else []
    if len(edits) % 2:
        raise ValueError("an edit without a value")
    for name in edits[::2]:
        if not name.startswith(("=", "+", "-")):
            raise ValueError(f"{name!r} does not say what to do with the header")
    return edits


def _injection(fields: tuple[Payload, bool]) -> InjectResponseBody:
    body, end_of_stream = fields
    return InjectResponseBody(Injection(to_bytes(body), end_of_stream))


_COMMANDS: Final[dict[str, Callable[[Any], Command]]] = {
    "effective-context": EffectiveContext,
    "hold": lambda value: HoldPhase(Hold(value)),
    "read-request-body": lambda value: ReadRequestBody(BodyMode(value[0]), value[1]),
    "read-response-body": lambda value: ReadResponseBody(BodyMode(value[0]), value[1]),
    "edit-request-headers": lambda value: EditRequestHeaders(_edits(value)),
    "edit-response-headers": lambda value: EditResponseHeaders(_edits(value)),
    "replace-request-body": lambda value: ReplaceRequestBody(to_bytes(value)),
    "replace-response-body": lambda value: ReplaceResponseBody(to_bytes(value)),
    "inject-response-body": _injection,
    "resume-request": lambda _: ResumeRequest(),
    "resume-response": lambda _: ResumeResponse(),
    "send-local-reply": _local_reply,
}


def to_outcome(case: str, value: Any) -> bytes | list[Command]:
    if case == "failed":
        raise PluginFailure(value)
    try:
        if case == "commands":
            return [_COMMANDS[name](argument) for name, argument in value]
        if command := _COMMANDS.get(case):
            return [command(value)]
        return to_bytes((case, value))
    except (ValueError, IndexError) as error:
        # Odd numbers of strings, characters over 255 in `latin1`: a plugin not written with our SDK.
        raise PluginFailure(f"the plugin's answer breaks the rules of {case}: {error}") from error
