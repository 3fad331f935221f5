"""Local replies: those of plugins, and those of a host when a plugin cannot continue."""

from __future__ import annotations

from typing import Final

from . import checks
from .connection_headers import without_connection_headers
from .framing import forbids_content
from .wire import Fields, LocalReply

STATUSES: Final = range(200, 600)
"""Statuses that a reply can have."""

PLUGIN_FAILED = "proxywasm.plugin_failed"
"""`response.code_details` of the two replies below."""

FAILED = LocalReply(500, [("content-type", "text/plain")], b"the plugin failed", PLUGIN_FAILED)
"""The plugin raised or trapped, and its streams fail closed."""

TORN = LocalReply(500, [], b"", PLUGIN_FAILED)
"""The plugin failed after it had taken chunks of the response, which are lost."""

NO_PLACE = LocalReply(
    500, [("content-type", "text/plain")], b"the gateway has no place for the body", "proxywasm.no_place"
)
"""The request has trailers and no body, and the plugin gives it one."""


def too_large(name: str, limit: int) -> LocalReply:
    """A body is larger than may be buffered for the plugin. `name` is `request` or `response`."""
    status = 413 if name == "request" else 502
    message = f"the {name} body exceeds the {limit} bytes that may be buffered"
    return LocalReply(status, [("content-type", "text/plain")], message.encode(), f"{name}_payload_too_large")


def malformed(name: str) -> LocalReply:
    """Headers that HTTP does not allow have arrived. `name` is `request` or `response`."""
    status = 400 if name == "request" else 502
    message = f"the {name} headers are malformed"
    return LocalReply(status, [("content-type", "text/plain")], message.encode(), f"{name}_headers_malformed")


def checked(status: int, headers: Fields, body: bytes, details: str) -> LocalReply:
    """An author's reply, validated. Raises `TypeError` or `ValueError`."""
    status = checks.number(status, "a status", 0, checks.MAX_U32)
    if status not in STATUSES:
        raise ValueError(f"{status} is not a status that can be sent (200 to 599)")
    # Such bytes would be taken for the next response of the connection.
    if body and forbids_content(str(status)):
        raise ValueError(f"a response with status {status} has no body, and {len(body)} bytes were given")
    details = checks.name(details, "details")
    return LocalReply(status, without_connection_headers(headers), body, details)
