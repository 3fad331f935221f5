"""From an exchange to the result of its replay."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator

from proxywasm.wire import ConfigError, LogLevel, PluginFailure, ProgramLost

from ...services import HostServices, Limits
from ...stream import Runner
from ..exchange import Exchange, Message
from .playing import NOTHING, Player, Result
from .sessions import SEED, START_NS, Session


def replay(
    exchange: Exchange,
    session: Session,
    *,
    log_level: LogLevel = LogLevel.INFO,
) -> Result:
    """Replay one exchange in a fresh instance of the plugin. Raises `ReplayError`."""
    limits = Limits(log_records=None)  # the result has them all
    services = HostServices(start_ns=START_NS, seed=SEED, log_level=log_level, limits=limits)
    result: Result = {"name": exchange.name, "start": "ok", "error": None} | NOTHING | {"logs": []}
    with contextlib.ExitStack() as stack:
        try:
            program = stack.enter_context(session(services))
            program.configure(exchange.config, log_level)
        except (ConfigError, PluginFailure, ProgramLost) as error:
            result |= {"start": "failed", "error": str(error)}
        else:
            _run(exchange, Runner(program, services), result)
    result["logs"] = [f"[{record.level.name.lower()}] {record.message}" for record in services.logs]
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
        runner = Runner(program, services)
        for response in responses:
            yield Player(runner, dataclasses.replace(exchange, response=response)).run()


def _run(exchange: Exchange, runner: Runner, result: Result) -> None:
    for before in exchange.before:
        Player(runner, before).run()
    main = Player(runner, exchange)
    main.wait()
    result |= main.run()
    if runner.lost:
        result["crash"] = next(record.message for record in runner.services.logs if record.level is LogLevel.CRITICAL)
