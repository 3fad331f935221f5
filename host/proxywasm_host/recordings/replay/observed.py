"""What the client and the upstream have received from a replayed stream."""

from __future__ import annotations

from proxywasm.wire import Fields

from ...stream import (
    ChainedStream,
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
)


class Observed:
    """Headers are None until they are sent. `chunks` has one item for each chunk of the upstream's response: what the
    client got because of it.
    """

    def __init__(self) -> None:
        self.upstream_headers: Fields | None = None
        self.upstream_body = bytearray()
        self.client_headers: Fields | None = None
        self.chunks: list[bytearray] = []
        self.reset = False

    def begin_chunk(self) -> None:
        """A chunk of the upstream's response is given to the plugins."""
        self.chunks.append(bytearray())

    def collect(self, stream: ChainedStream) -> None:
        for event in stream.take():
            self.see(event)

    def see(self, event: Event) -> None:
        match event:
            case RequestHeaders(fields):
                self.upstream_headers = fields
                self.upstream_body = bytearray()  # of a request that is sent again, the last one counts
            case RequestBody(data):
                self.upstream_body += data
            case ResponseHeaders(fields):
                self.client_headers = fields
            case ResponseBody(data):
                if not self.chunks:
                    self.chunks.append(bytearray())
                self.chunks[-1] += data
            case Reset():
                self.reset = True
            case CloseUpstream() | RequestTrailers() | InformationalResponse() | ResponseTrailers():
                pass  # exchange files have no trailers and no informational responses
