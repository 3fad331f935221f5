"""Compare what the client of a gateway gets with what it got when it was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from proxywasm.connection_headers import CONNECTION_HEADERS

from ..exchange import Exchange, Message, chunk_to_json
from .difference import Difference
from .generated import Generated
from .messages import compare_messages

_OF_ITS_TIME: Final = CONNECTION_HEADERS | {
    "age", "alt-svc", "content-length", "date", "etag", "expires", "last-modified", "server", "set-cookie", "via",
    "x-request-id", "x-envoy-upstream-service-time", "traceparent",
}  # fmt: skip
"""Headers that differ from one answer to the next, or that each gateway adds."""


def compare_answers(
    expected: Message, got: Message, exchange: Exchange, again: tuple[int, int]
) -> Iterator[Difference]:
    """Compare status, body, and those headers of the expected answer that do not depend on time and gateway.

    `again`: the milliseconds since 1970 in which the answer came.
    """
    names = {name for name, _ in expected.headers} - _OF_ITS_TIME
    return compare_messages("answer", _part(expected, names), _part(got, names), Generated.of(exchange, again))


def _part(message: Message, names: set[str]) -> dict[str, Any]:
    # The whole body is one chunk: on the way through a network chunks are joined and cut.
    headers = [[name, value] for name, value in message.headers if name in names]
    return {"headers": headers, "body": [chunk_to_json(b"".join(message.body))]}
