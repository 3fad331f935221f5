"""The replies that a host makes itself because a plugin cannot go on: the same in every host."""

from __future__ import annotations

from .wire import LocalReply

PLUGIN_FAILED = "proxywasm.plugin_failed"
"""What `response.code_details` says then."""

FAILED = LocalReply(500, [("content-type", "text/plain")], b"the plugin failed", PLUGIN_FAILED)
"""The plugin raised or trapped, and its streams fail closed."""

TORN = LocalReply(500, [], b"", PLUGIN_FAILED)
"""The plugin failed with chunks of the response in its hands: whatever follows, the response has a hole."""


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
