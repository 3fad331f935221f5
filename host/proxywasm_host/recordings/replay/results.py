"""Replay exchanges and make their results."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

from proxywasm.wire import ConfigError, LogLevel, PluginFailure, ProgramLost

from ...services import HostServices, LogRecord
from ...stream import Chain, Runner, WatchedChain
from ..exchange import Exchange, Message
from .playing import Player, ReplayError
from .report import NOTHING, Result
from .sessions import SEED, START_NS, Session
from .timeline import Timeline
from .watched_program import WatchedProgram


def replay(
    exchange: Exchange,
    session: Session | Sequence[Session],
    *,
    log_level: LogLevel = LogLevel.INFO,
    timeline: Timeline | None = None,
) -> Result:
    """Replay one exchange in a fresh instance of the plugin, or of each plugin of a chain. Raises `ReplayError`.

    `timeline` is filled with its steps.
    """
    sessions = [session] if callable(session) else session
    configs = exchange.configs
    if len(sessions) != len(configs):
        raise ReplayError(
            f"{exchange.name}: has a configuration for {_plugins(len(configs))}, and is replayed through "
            f"{_plugins(len(sessions))}"
        )
    result: Result = {"name": exchange.name, "start": "ok", "error": None} | NOTHING | {"logs": []}
    logs: list[LogRecord] = []

    def note(record: LogRecord) -> None:
        logs.append(record)
        if timeline:
            timeline.logs(record)

    chained = chained_services(len(sessions), log_level, note, start_ns=exchange.time_ns)
    with contextlib.ExitStack() as stack:
        runners = []
        try:
            for place, (start, config, services) in enumerate(zip(sessions, configs, chained, strict=True)):
                program = stack.enter_context(start(services))
                program.configure(config, log_level)
                watched = WatchedProgram(program, place, timeline) if timeline else program
                runners.append(Runner(watched, services))
        except (ConfigError, PluginFailure, ProgramLost) as error:
            result |= {"start": "failed", "error": str(error)}
        else:
            chain = WatchedChain(runners, timeline) if timeline else Chain(runners)
            _run(exchange, chain, result, timeline)
            if chain.lost:
                result["crash"] = next(record.message for record in logs if record.level is LogLevel.CRITICAL)
    result["logs"] = [f"[{record.level.name.lower()}] {record.message}" for record in logs]
    return result


def replay_responses(
    exchange: Exchange, session: Session, responses: Iterable[Message], *, log_level: LogLevel = LogLevel.INFO
) -> Iterator[Result]:
    """Replay an exchange once for each of these responses, as streams of one instance of the plugin.

    Raises `ReplayError`, and what a plugin raises that does not start.
    """
    services = HostServices(start_ns=START_NS, seed=SEED, log_level=log_level)
    with session(services) as program:
        program.configure(exchange.config, log_level)
        chain = Chain([Runner(program, services)])
        for response in responses:
            yield Player(chain, dataclasses.replace(exchange, response=response)).run()


def chained_services(
    count: int, log_level: LogLevel, on_log: Callable[[LogRecord], None], *, start_ns: int | None = None
) -> list[HostServices]:
    """The services of each plugin, with one clock, one log, and the data that a gateway's plugins share."""
    start = START_NS if start_ns is None else start_ns
    services = [
        # Each draws random numbers of its own.
        HostServices(start_ns=start, seed=SEED + number, log_level=log_level, on_log=on_log)
        for number in range(count)
    ]
    first = services[0]
    for other in services[1:]:
        other.clock, other.shared_data, other.metrics = first.clock, first.shared_data, first.metrics
    return services


def _run(exchange: Exchange, chain: Chain, result: Result, timeline: Timeline | None) -> None:
    for before in exchange.before:
        Player(chain, before).run()
    main = Player(chain, exchange, timeline)
    main.wait()
    result |= main.run()


def _plugins(count: int) -> str:
    return f"{count} plugin{'s' * (count != 1)}"
