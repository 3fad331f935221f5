"""Errors for clients: OpenAI's error objects and their HTTP statuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from proxywasm import JsonTooComplexError, SSEError

from . import limits
from .json import Json, NumberError, loads

RESPONSE_FAILED: Final = "ai-proxy.proc_resp_body_failed"
"""The response-code detail of an invalid answer in logs and access logs."""

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}

LAST_STATUS: Final = 599

TOO_LONG: Final = "context_length_exceeded"
"""OpenAI's code for a request that is too long for the model: clients shorten the conversation when they see it."""
_OF_LENGTH: Final = frozenset({400, 413, 422})
_SAYS_TOO_LONG: Final = re.compile(
    r"context[_ ](length|window|size)|maximum context|max(imum)?[_ ](input|prompt)?[_ ]?tokens? .{0,40}exceed"
    r"|(prompt|input|request|messages?).{0,40}(too long|too many tokens|exceed.{0,40}(length|tokens|limit|context))"
    r"|range of input length|exceeds?.{0,40}(maximum|max|limit).{0,20}tokens|too many input tokens",
    re.IGNORECASE,
)
_OF_OTHERS: Final = re.compile(
    r"'[^']{0,200}\.(?!content'|text'|arguments'|output')\w{1,60}': (string|array) too long"
    r"|max(imum)?[_ ]tokens you requested",
    re.IGNORECASE,
)
"""Errors with the same words about a single field, such as the id of a call, or about the length of the answer. A
shorter conversation does not help.
"""

_NAME_LIMIT: Final = 100  # The most characters of a client's header that an error repeats.
_TEXT_LIMIT = 500  # The most characters of an error text in an unknown format that the client gets.
_SEARCHED = 8192  # Bytes of an error page in which its title and text are searched.


class ApiError(Exception):
    """An error for the client. `status` is used unless the answer's status has been sent already."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        details: Json | None = None,
        retry_after: int = 0,
    ) -> None:
        """`details`: what clients of Anthropic's protocol get beside type and message. `retry_after`: the seconds that
        the service asks to wait; 0: it does not say.
        """
        super().__init__(message)
        if not 400 <= status <= LAST_STATUS:
            status = 502  # A service may answer with any number; HTTP defines no others.
        self.status = status
        self.message = message
        self.type = _TYPES.get(status) or ("invalid_request_error" if status < 500 else "server_error")
        self.code = code
        self.param = param
        self.details = details
        self.retry_after = retry_after

    def mask(self, clean: Callable[[str], str]) -> None:
        """Mask credentials, with `clean`: some services repeat the key that they refuse."""
        self.message = clean(self.message)
        self.code = self.code and clean(self.code)

    def document(self) -> Json:
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


def bad_upstream(message: str, code: str = "bad_upstream_response") -> ApiError:
    """The model service's answer is invalid."""
    return ApiError(502, message, code=code)


def unsupported_api() -> ApiError:
    return ApiError(404, "the model service behind this route does not have this API", code="unsupported_api")


def not_json(content_type: str, content_encoding: str) -> ApiError:
    """The client's body is in a format that cannot be converted."""
    if content_encoding:
        text = f"the request body has the content-encoding {content_encoding[:_NAME_LIMIT]!r}; send it without"
        return ApiError(415, text, code="unsupported_content_encoding")
    given = content_type[:_NAME_LIMIT]
    text = f"this API takes JSON: send the header content-type with the value application/json, and not {given!r}"
    return ApiError(415, text, code="unsupported_content_type")


def request_too_large(why: str = "") -> ApiError:
    """The client's request is above a limit."""
    return ApiError(413, why or f"the request body has more than {limits.BODY} bytes", code="request_too_large")


def request_too_complex(error: JsonTooComplexError) -> ApiError:
    return request_too_large(f"the request body has too much in it: {error}")


def check_repeated(size: int) -> None:
    """Raises `ApiError` if names that the client sends once become too long in total when they are repeated."""
    if size > limits.REPEATED:
        raise request_too_large(f"the names in the request are repeated to more than {limits.REPEATED} characters")


def busy() -> ApiError:
    """The bodies of waiting requests are too large in total."""
    return ApiError(503, "too many large requests are waiting; try again later", code="overloaded")


def too_many_events() -> ApiError:
    """The incomplete events of all streams are too large in total."""
    return ApiError(503, "too many large events are arriving; try again later", code="overloaded")


def answer_too_large(limit: int) -> ApiError:
    """The model service's answer is above a limit."""
    return bad_upstream(f"the upstream's answer has more than {limit} bytes")


def of_upstream(error: ApiError | NumberError | SSEError) -> ApiError:
    """The error for the client if an answer is invalid."""
    return (
        of_service(error)
        if isinstance(error, ApiError)
        else bad_upstream(f"the upstream's answer cannot be used: {error}")
    )


def stream_cut() -> ApiError:
    return ApiError(502, "the upstream closed the stream before it was complete", code="stream_cut")


def answer_broken(*, late: bool) -> ApiError:
    """The answer breaks off before the client has got any of it, or has not begun in time."""
    if late:
        return ApiError(504, "the upstream's answer has not begun in time", code="upstream_timeout")
    return bad_upstream("the upstream's answer has broken off", "answer_cut")


def says_too_long(error: ApiError) -> bool:
    """Whether the service refuses a request because it is too long for the model. Each service has its own words."""
    text = f"{error.code or ''} {error.message}"
    return _SAYS_TOO_LONG.search(text) is not None and _OF_OTHERS.search(text) is None


def of_service(error: ApiError) -> ApiError:
    """The error of a service, with the code for a request that is too long."""
    if error.status in _OF_LENGTH and says_too_long(error):
        error.code = TOO_LONG
    return error


def is_openai_error(document: Any) -> bool:
    """Whether an error body is in OpenAI's format already."""
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return False
    return isinstance(error.get("type"), str) or not isinstance(error.get("code"), int)


def parse(body: bytes) -> Any:
    """The JSON document of a body; None if it is not valid JSON."""
    try:
        return loads(body)
    except ValueError:
        return None


def from_anything(status: int, body: bytes, document: Any) -> ApiError:
    """The error in a body of unknown format: JSON of any service, HTML of a proxy, text, or nothing."""
    if isinstance(document, list) and document:
        document = document[0]  # Google wraps errors of a stream in an array.
    if isinstance(document, dict):
        inner = document.get("error")
        source = inner if isinstance(inner, dict) else document
        message = next((source[key] for key in _MESSAGE_KEYS if isinstance(source.get(key), str) and source[key]), "")
        code = next((source[key] for key in ("code", "error_code", "status") if key in source), None)
        if message:
            word = str(code) if isinstance(code, (str, int)) else None
            return ApiError(status, message, code=word, retry_after=retry_delay(source))
    text = body[:_SEARCHED].decode(errors="replace")
    if "<" in text and (title := _TITLE.search(text)):
        text = title[1]
    text = " ".join(_TAG.sub(" ", text).split())[:_TEXT_LIMIT]
    return ApiError(status, f"the upstream answered with status {status}" + (f": {text}" if text else ""))


_MESSAGE_KEYS = ("message", "msg", "error_msg", "error", "errmsg", "detail", "error_description", "Message")
# `<` is excluded inside a tag: otherwise a text with many "<" would take quadratic time.
_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")

_DELAY = re.compile(r"(\d{1,6})(\.\d*[1-9]\d*)?\d*s")


def retry_delay(error: Json) -> int:
    """The seconds that an error of Google's asks to wait (`google.rpc.RetryInfo`), rounded up; 0 if it does not say."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (found := _DELAY.match(delay)):
            return int(found[1]) + (1 if found[2] else 0)
    return 0
