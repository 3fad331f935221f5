"""The rules of an HTTP stream, without I/O: events of a connection in, events for the other side out.

Whoever moves bytes (a test, a replay, the live gateway) tells a `Stream` what arrived and sends what `take` returns.
Phase order, buffering, held headers, pause and resume, local replies, limits and failures of the plugin are decided
in this package and nowhere else; the plugin is any `wire.Program`, native or Wasm.
"""

from .chain import Chain, ChainedStream
from .events import CloseUpstream, Event, RequestBody, RequestHeaders, Reset, ResponseBody, ResponseHeaders
from .half import Limits
from .runner import Runner
from .stream import SequenceError, Stream

__all__ = [
    "Chain",
    "ChainedStream",
    "CloseUpstream",
    "Event",
    "Limits",
    "RequestBody",
    "RequestHeaders",
    "Reset",
    "ResponseBody",
    "ResponseHeaders",
    "Runner",
    "SequenceError",
    "Stream",
]
