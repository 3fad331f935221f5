"""The test kit: a gateway in a test, messages in one line, and ways to cut a body.

>>> from proxywasm.testing import TestHost
>>> host = TestHost("hello.py", {"name": "you"})  # doctest: +SKIP
>>> host.request("GET", "/").upstream.headers["x-hello"]  # doctest: +SKIP
'you'

With pytest, the fixture `plugin_host` runs a test natively, in Wasm, and if it is asked to in a real Envoy.
`docs/testing.md` is the guide.

This module only exports the kit, which is part of the host. It is the one module of the SDK that imports the host. It
is not part of components, and `import proxywasm` does not import it.
"""

from proxywasm_host.testing import (
    HttpCallOut,
    Limits,
    PeerError,
    PluginFailedError,
    PluginHosts,
    PluginImportError,
    RecordingError,
    RedisCallOut,
    ScenarioError,
    Sent,
    TestHost,
    TestStream,
    any_chunks,
    callout,
    chat_request,
    chat_response,
    chat_stream,
    check_recording,
    chunks_at,
    every_two_chunks,
    exchange,
    inside_characters,
    request,
    response,
    single_bytes,
    sse_response,
    with_chunks,
    with_empty_end,
)

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
