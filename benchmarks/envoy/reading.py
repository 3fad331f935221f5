"""How clients and the upstream read."""

from __future__ import annotations

import asyncio

_BUFFER = memoryview(bytearray(1 << 16))


class Reader(asyncio.BufferedProtocol):
    """A protocol for measurements. All connections of a process read into one buffer.

    For an `asyncio.Protocol`, asyncio allocates 256 KiB before each read. In a process that has imported little, the C
    library returns this memory to the system after each read. The page faults make a client slower by a quarter, and
    the speed of the client changes how many chunks Envoy reads at once.
    """

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(_BUFFER[:nbytes]))

    def data_received(self, data: bytes) -> None:
        raise NotImplementedError
