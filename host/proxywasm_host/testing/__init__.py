"""The test kit, as `proxywasm.testing` shows it; see `docs/testing.md`."""

from ..stream import Limits
from .cuts import any_chunks, chunks_at, every_two_chunks, inside_characters, single_bytes, with_empty_end
from .failures import PluginFailedError
from .host import TestHost
from .messages import (
    callout,
    chat_request,
    chat_response,
    chat_stream,
    exchange,
    request,
    response,
    sse_response,
    with_chunks,
)
from .plugin_hosts import PluginHosts
from .programs import PluginImportError
from .recordings import RecordingError, check_recording
from .stream import TestStream
from .traffic import HttpCallOut, PeerError, RedisCallOut, ScenarioError, Sent

__all__ = [
    "HttpCallOut",
    "Limits",
    "PeerError",
    "PluginFailedError",
    "PluginHosts",
    "PluginImportError",
    "RecordingError",
    "RedisCallOut",
    "ScenarioError",
    "Sent",
    "TestHost",
    "TestStream",
    "any_chunks",
    "callout",
    "chat_request",
    "chat_response",
    "chat_stream",
    "check_recording",
    "chunks_at",
    "every_two_chunks",
    "exchange",
    "inside_characters",
    "request",
    "response",
    "single_bytes",
    "sse_response",
    "with_chunks",
    "with_empty_end",
]
