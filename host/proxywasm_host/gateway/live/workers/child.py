"""`python -m proxywasm_host.gateway.live.workers.child CHANNEL NAME`: a worker.

Over the channel it learns what to serve. The name is for those who look at the processes.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys

from ....services.stored import Store
from ..errors import LiveError
from ..metrics import GatewayMetrics
from ..plugins import LivePlugins
from ..serving import ending, run
from ..shared import Shared
from ..starting import start_plugins
from .channel import encode_report, is_closed, receive_task


def main(channel: socket.socket) -> None:
    # A native plugin's standard streams are its log, so what is written while it runs goes to the process's own.
    stdout, stderr = sys.stdout, sys.stderr
    task = receive_task(channel)
    gateway = task.gateway

    def log(message: object) -> None:
        print(f"worker {task.place}: {message}", file=stderr, flush=True)

    def access(line: str) -> None:
        # In one call, so that lines of several workers do not mix.
        stdout.write(line + "\n")
        stdout.flush()

    store = Store(task.store, os.getpid())
    shared = Shared(len(gateway.plugins), store)
    try:
        plugins = start_plugins(gateway, native=task.native, on_log=log, shared=shared)
    except LiveError as error:
        channel.sendall(encode_report(str(error)))
        return
    listening = socket.socket(fileno=task.listening)
    listening.setblocking(False)

    async def serve(plugins: LivePlugins) -> None:
        loop, end = asyncio.get_running_loop(), ending(lambda _: None)  # the parent kills

        def be_orphaned() -> None:
            loop.remove_reader(channel)
            end.set()

        channel.setblocking(False)
        loop.add_reader(channel, be_orphaned)
        metrics = None if gateway.admin is None else GatewayMetrics(shared.gateway, gateway, task.place)
        await run(gateway, plugins, listening, end, lambda: channel.sendall(encode_report()), log, access, metrics)
        loop.remove_reader(channel)

    try:
        asyncio.run(serve(plugins))
    except LiveError as error:
        channel.sendall(encode_report(str(error)))
    if is_closed(channel):
        store.remove()  # as the parent would have done
    else:
        store.close()


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
