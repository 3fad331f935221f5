"""Reads bodies and events as JSON objects, with an error for each kind of invalid document."""

from __future__ import annotations

from typing import NoReturn

from proxywasm import JsonTooComplexError, log

from ..wire.errors import ApiError, bad_upstream, request_too_complex
from ..wire.json import Json, loads


def of_request(raw: bytes) -> Json:
    """A request's body. Raises `ApiError`."""
    try:
        body = loads(raw)
    except JsonTooComplexError as error:
        raise request_too_complex(error) from None
    except ValueError as error:
        # The text differs between versions of Python, so the client does not get it.
        log.info("request body: %s", error)
        raise ApiError(400, "the request body is not valid JSON", code="invalid_json") from None
    if not isinstance(body, dict):
        raise ApiError(400, "the request body must be a JSON object", code="invalid_json")
    return body


def of_unknown_request(raw: bytes) -> Json | None:
    """The body of a request in an unknown protocol; None if it is not a JSON object. Raises `ApiError`."""
    try:
        document = loads(raw)
    except JsonTooComplexError as error:
        # Passing it on unchanged would ignore the operator's `customSettings`.
        raise request_too_complex(error) from None
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def of_answer(raw: bytes) -> Json:
    """A whole answer. Raises `ApiError`."""
    try:
        document = loads(raw)
    except ValueError as error:
        _refuse(error, "the upstream's answer has", "the upstream's answer is")
    if not isinstance(document, dict):
        raise bad_upstream("the upstream's answer is not a JSON object")
    return document


def of_event(data: str) -> Json:
    """An event of a stream. Raises `ApiError`."""
    try:
        document = loads(data)
    except ValueError as error:
        _refuse(error, "the upstream sent an event with", "the upstream sent an event that is")
    if not isinstance(document, dict):
        raise bad_upstream("the upstream sent an event that is not a JSON object")
    return document


def _refuse(error: ValueError, subject_has: str, subject_is: str) -> NoReturn:
    if isinstance(error, JsonTooComplexError):
        raise bad_upstream(f"{subject_has} too much in it: {error}") from None
    raise bad_upstream(f"{subject_is} not JSON") from None
