"""A plugin in this process that does not come back is stopped, and says where it was."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from proxywasm import (
    Action,
    ClusterClient,
    HttpAnswer,
    HttpContext,
    Plugin,
    TargetCluster,
    plugin_context,
)
from proxywasm.testing import PluginFailedError, PluginImportError, TestHost, request, response
from proxywasm_host.services.call_time import CallTime, CallTimeError
from proxywasm_host.services.frozen_clock import frozen_program
from proxywasm_host.testing import programs
from proxywasm_host.testing.played import Played

LIMIT = 0.05
SERVICE = ClusterClient(TargetCluster("service", "service.example"))


def loop() -> None:
    while True:
        try:
            int("x")
        except Exception:  # as an author may write it
            continue


def looping(where: str) -> Plugin[Any]:
    plugin: Plugin[Any] = Plugin("looping")

    @plugin.parse_config
    def parse_config(document: dict[str, Any]) -> dict[str, Any]:
        if where == "start":
            loop()
        if where == "tick":
            plugin_context().register_tick(100, loop)
        return document

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: Any) -> Action | None:
        if where == "request headers":
            loop()
        if where == "run for a stream":
            ctx.run(loop)
        if where == "answer":
            SERVICE.get("/", answered)
            return Action.PAUSE
        return None

    @plugin.on_stream_done
    def done(ctx: HttpContext, config: Any) -> None:
        if where == "done":
            loop()

    return plugin


def answered(answer: HttpAnswer) -> None:
    loop()


def start(plugin: Plugin[Any], **options: Any) -> TestHost:
    return TestHost(Played(lambda services: frozen_program(plugin, services, LIMIT)), **options)


def drive(host: TestHost) -> None:
    host.answer_calls(response())
    host.advance(seconds=0.1)
    host.roundtrip(request(), response())


@pytest.mark.parametrize("where", ["start", "tick", "request headers", "run for a stream", "answer", "done"])
def test_an_endless_loop_ends_with_the_line_that_loops(where: str) -> None:
    with pytest.raises(PluginFailedError) as caught:
        drive(start(looping(where)))
    message = str(caught.value)
    assert "a call took longer than it may" in message
    assert f'{Path(__file__).name}", line' in message
    assert "in loop\n" in message
    assert "still computes after 0.05 seconds" in message
    assert "in stop\n" not in message, "the handler of the signal"
    assert "in guarded\n" not in message, "the way to the plugin"
    assert caught.value.__cause__ is not None
    frames = caught.value.__cause__.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    assert frames is not None
    assert frames.tb_frame.f_code is loop.__code__, "where pytest and the debugger stop"


def test_the_instance_is_lost_as_in_wasm() -> None:
    host = start(looping("request headers"), tolerate_failures=True)
    assert host.request().downstream.status == 500
    assert "the plugin instance is lost: a call took longer than it may" in host.messages[-1]


def test_calls_that_come_back_are_counted_one_by_one() -> None:
    plugin: Plugin[Any] = Plugin("busy")

    @plugin.on_request_headers
    def work(ctx: HttpContext, config: Any) -> None:
        sum(range(100_000))

    host = start(plugin)
    for _ in range(200):
        host.request().finish()
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert host.failures == []


def test_an_import_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "endless_import.py"
    file.write_text("import os\nwhile True:\n    os.environ\n")
    monkeypatch.setattr(programs, "IMPORT_TIME", LIMIT)
    with pytest.raises(PluginImportError, match=r'(?s)longer than it may.*endless_import\.py", line [23], in <module>'):
        TestHost(file)


def test_what_a_plugin_in_a_thread_computes_is_not_counted() -> None:
    done: list[bool] = []

    def compute() -> None:
        with CallTime(LIMIT):
            done.append(signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0))

    thread = threading.Thread(target=compute)
    thread.start()
    thread.join()
    assert done == [True]


def test_the_signal_of_somebody_else_is_left_alone() -> None:
    def other(number: int, frame: object) -> None:
        """Somebody's profiler."""

    before = signal.signal(signal.SIGVTALRM, other)
    try:
        with CallTime(LIMIT):
            assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
        assert signal.getsignal(signal.SIGVTALRM) is other
    finally:
        signal.signal(signal.SIGVTALRM, before)


def test_a_signal_that_comes_too_late_stops_nothing() -> None:
    with CallTime(LIMIT):
        pass
    signal.raise_signal(signal.SIGVTALRM)
    with CallTime(LIMIT), pytest.raises(CallTimeError):
        signal.raise_signal(signal.SIGVTALRM)
