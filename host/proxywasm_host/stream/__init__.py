"""The rules of an HTTP stream, without I/O: events of a connection in, events for the other side out.

A test, a replay or a live gateway moves the bytes: it tells a `Stream` what arrived and sends what `take` returns.
`Runner.ready` says which streams have something to send. Phase order, buffering, held headers, pause and resume, local
replies, limits and failures of the plugin are decided in this package and nowhere else. The plugin is any
`wire.Program`, native or Wasm.

Each module imports only those before it: `states` (the theory, and the tables of states), `events`, `limits`,
`framing`, `field_rules`, `waiting`, `half` (one direction), `ready`, `exchange` (both directions, without the plugin),
`link` (local replies, which concern all plugins of a chain), `again` (another request in the same stream), `phases`
(with the plugin), `stream` (what a host feeds), `commands`, `runner`, `chain`, `watched` (a chain that reports).
"""

from .chain import Chain, ChainedStream
from .events import (
    CloseUpstream,
    Event,
    InformationalResponse,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    Reset,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    StartOver,
)
from .limits import Limits
from .ready import Ready
from .runner import Runner
from .states import SequenceError
from .stream import Stream
from .watched import WatchedChain, Watcher

__all__ = [
    "Chain",
    "ChainedStream",
    "CloseUpstream",
    "Event",
    "InformationalResponse",
    "Limits",
    "Ready",
    "RequestBody",
    "RequestHeaders",
    "RequestTrailers",
    "Reset",
    "ResponseBody",
    "ResponseHeaders",
    "ResponseTrailers",
    "Runner",
    "SequenceError",
    "StartOver",
    "Stream",
    "WatchedChain",
    "Watcher",
]
