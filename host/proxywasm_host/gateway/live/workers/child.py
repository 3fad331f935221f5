"""`python -m proxywasm_host.gateway.live.workers.child CHANNEL NAME`: a worker.

Over the channel it learns what to serve. The name is for those who look at the processes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable

from ....services.stored import Store
from ...console.live.log import LogRing
from ...console.live.observing import Observer
from ...console.live.peers import answer_all
from ..access import AccessLine
from ..errors import LiveError
from ..metrics import GatewayMetrics
from ..plugins import LivePlugins
from ..recording import recording
from ..replacing import Replacing
from ..serving import ending, has_metrics, run
from ..shared import Shared
from ..worker import LiveWorker
from .channel import Configuration, Decision, Task, encode_report, is_closed, receive, receive_task

_log = logging.getLogger("proxywasm")


def main(channel: socket.socket) -> None:
    # A native plugin's standard streams are its log, so what is written while it runs goes to the process's own.
    stdout, stderr = sys.stdout, sys.stderr
    task = receive_task(channel)

    lines = None if task.console is None else LogRing()

    def log(message: object) -> None:
        if lines is not None:
            lines.add(message)
        print(f"worker {task.place}: {message}", file=stderr, flush=True)

    def access(line: AccessLine) -> None:
        # In one call, so that lines of several workers do not mix.
        stdout.write(line.text() + "\n")
        stdout.flush()

    store = Store(task.store, os.getpid())
    shared = Shared(task.configuration.plugins, store)
    replacing = Replacing(native=task.native, on_log=log, shared=shared)
    try:
        plugins = replacing.start(task.configuration.gateway)
    except LiveError as error:
        channel.sendall(encode_report(str(error)))
        return
    with channel.dup() as other:
        try:
            asyncio.run(_serve(task, channel, plugins, shared, replacing, log, access, lines))
        except LiveError as error:
            other.setblocking(True)
            other.sendall(encode_report(str(error)))
        if is_closed(other):
            store.remove()  # as the parent would have done
        else:
            store.close()


async def _serve(
    task: Task,
    channel: socket.socket,
    plugins: LivePlugins,
    shared: Shared,
    replacing: Replacing,
    log: Callable[[object], None],
    access: Callable[[AccessLine], None],
    lines: LogRing | None,
) -> None:
    gateway = task.configuration.gateway
    loop, end = asyncio.get_running_loop(), ending(lambda _: None)  # the parent kills
    listening = socket.socket(fileno=task.listening)
    listening.setblocking(False)
    metrics = GatewayMetrics(shared.gateway, gateway, task.place) if has_metrics(gateway) else None
    observer = None if lines is None else Observer(lines, log)
    reader, writer = await asyncio.open_connection(sock=channel)
    following: list[asyncio.Task[None]] = []

    def begin(worker: LiveWorker) -> None:
        writer.write(encode_report())
        following.append(loop.create_task(_follow(worker, shared, replacing, reader, writer, end)))

    if observer is not None and task.console is not None:
        asked = await asyncio.open_connection(sock=socket.socket(fileno=task.console))
        following.append(loop.create_task(answer_all(*asked, observer.answer)))
    tap = None if observer is None else observer.recordings
    with recording(task.record, log, shares=gateway.workers, tap=tap) as recorder:
        number = task.configuration.number
        await run(gateway, plugins, listening, end, begin, log, access, metrics, recorder, observer, number)
    if observer is not None:
        observer.recordings.close()
    for one in following:
        one.cancel()


async def _follow(
    worker: LiveWorker,
    shared: Shared,
    replacing: Replacing,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    end: asyncio.Event,
) -> None:
    """Do what the parent says, until it ends."""
    started: tuple[Configuration, LivePlugins] | None = None
    while (message := await receive(reader)) is not None:
        error = ""
        try:
            if isinstance(message, Configuration):
                shared.add(message.plugins)
                if started is not None:
                    started[1].close()
                started = message, await replacing.start_beside(message.gateway)
            elif isinstance(message, Decision) and started is not None:
                (configuration, plugins), started = started, None
                if message.take:
                    replacing.take_over(worker, configuration.gateway, plugins)
                else:
                    plugins.close()
        except LiveError as problem:
            error = str(problem)
        except Exception as fault:  # the parent waits for an answer
            _log.exception("a reload has failed, which is a fault of proxywasm")
            error = f"{type(fault).__name__}: {fault}"
        writer.write(encode_report(error))
    end.set()


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
