"""What client and upstream have got."""

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
)


class Seen:
    """Headers are None as long as nothing has been sent; `chunks` has a place for each chunk of the upstream."""

    def __init__(self) -> None:
        self.upstream_headers: Fields | None = None
        self.upstream_body = bytearray()
        self.client_headers: Fields | None = None
        self.chunks: list[bytearray] = []
        self.reset = False

    def see(self, stream: ChainedStream) -> None:
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
                case CloseUpstream() | RequestTrailers() | InformationalResponse() | ResponseTrailers():
                    pass  # exchange files have no trailers and no informational responses
