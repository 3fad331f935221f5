"""What the client and the upstream have received from a replayed stream."""

from __future__ import annotations

from proxywasm.wire import Fields

from ...stream import (
    ChainedStream,
    CloseUpstream,
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
        self.given_up: list[tuple[Fields, bytes]] = []
        """Requests in place of which a plugin has sent others."""

    def collect(self, stream: ChainedStream) -> None:
        for event in stream.take():
            match event:
                case RequestHeaders(fields):
                    self.upstream_headers = fields
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
                case StartOver():
                    self._start_over()
                case CloseUpstream() | RequestTrailers() | InformationalResponse() | ResponseTrailers():
                    pass  # exchange files have no trailers and no informational responses

    def _start_over(self) -> None:
        if self.upstream_headers is not None:
            self.given_up.append((self.upstream_headers, bytes(self.upstream_body)))
        self.upstream_headers = None
        self.upstream_body.clear()
        self.chunks.clear()
