"""The standard library works inside a plugin, natively and in Wasm."""

from __future__ import annotations

import datetime
import json
import re
import time
import uuid
from typing import Any

import pytest
from tests.sdk.driving import START_NS, Start, logs, request

from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.stream import Runner


def values(runner: Runner) -> dict[str, Any]:
    stream = request(runner)
    assert stream.local_reply is not None, [str(record) for record in logs(runner)]
    told: dict[str, Any] = json.loads(stream.local_reply.body)
    stream.close()
    return told


def test_the_clock_is_right(start: Start) -> None:
    told = values(start("values"))
    assert abs(told["time.time"] - time.time()) < 60
    assert abs(told["time.time_ns"] - time.time_ns()) < 60e9
    now = datetime.datetime.now(datetime.UTC)
    for key in ("datetime.utc", "time.gmtime"):
        assert abs(datetime.datetime.fromisoformat(told[key].replace("Z", "+00:00")) - now).total_seconds() < 60
    assert abs(datetime.datetime.fromisoformat(told["datetime.now"]) - datetime.datetime.now()).days <= 1
    assert told["date.today"] == told["datetime.now"][:10]
    assert told["strptime"] == "2025-01-02T00:00:00"


def test_a_text_codec_that_the_plugin_names_is_there(start: Start) -> None:
    assert values(start("values"))["gb18030"] == "你"


RANDOM = [
    "random.random",
    "random.sample",
    "random.SystemRandom",
    "uuid.uuid4",
    "os.urandom",
    "secrets.token_hex",
]


def test_two_instances_draw_different_random_numbers(start: Start) -> None:
    one, other = values(start("values")), values(start("values"))
    for key in RANDOM:
        assert one[key] != other[key], key
    assert uuid.UUID(one["uuid.uuid4"]).version == 4


def test_two_streams_draw_different_random_numbers(start: Start) -> None:
    runner = start("values", services=HostServices(start_ns=START_NS, seed=1))
    one, other = values(runner), values(runner)
    for key in RANDOM:
        assert one[key] != other[key], key


def test_a_fixed_seed_and_clock_repeat_bit_for_bit(start: Start, flavour: str) -> None:
    one, other = (values(start("values", services=HostServices(start_ns=START_NS, seed=5))) for _ in range(2))
    if flavour == "native":
        # Stopping this clock would stop everything else in the process that measures time.
        del one["time.monotonic"], other["time.monotonic"]
    assert one == other
    assert one["datetime.utc"].startswith("2025-01-01T00:00:00")
    assert one != values(start("values", services=HostServices(start_ns=START_NS, seed=6)))


def test_print_and_logging_reach_the_hosts_log_with_plugin_and_stream(start: Start) -> None:
    runner = start("talk")
    request(runner).close()
    assert [(record.level.name, record.message) for record in logs(runner)[:7]] == [
        ("INFO", "printed 1"),
        ("INFO", "two"),
        ("INFO", "lines"),
        ("WARN", "to stderr"),
        ("INFO", "said 5"),
        ("WARN", "warned grüße"),
        ("ERROR", logs(runner)[6].message),
    ]
    assert "KeyError: 'k'" in logs(runner)[6].message
    said = [record.message for record in logs(runner)]
    assert "no line end" in said
    assert not any("not wanted" in line for line in said)
    assert {(record.context, record.plugin, record.request_id) for record in logs(runner)} == {(1, "behaviours", "r-1")}
    assert str(logs(runner)[0]) == "[info] [behaviours] [stream 1] [r-1] printed 1"


def test_an_unwanted_level_does_not_cross_the_boundary(start: Start) -> None:
    crossed: list[LogLevel] = []

    class Services(HostServices):
        def log(self, level: LogLevel, context: int, message: str) -> None:
            crossed.append(level)

    request(start("talk", services=Services())).close()
    assert crossed
    assert min(crossed) is LogLevel.INFO


def test_an_uncaught_exception_is_logged_with_file_and_line(start: Start) -> None:
    runner = start("raise")
    stream = request(runner)
    (record,) = logs(runner)
    assert record.level is LogLevel.ERROR
    assert record.context == 1
    assert record.message.startswith("Traceback (most recent call last):")
    assert record.message.endswith("LookupError: lost")
    assert re.search(r'File ".*behaviours/stdlib\.py", line \d+, in inner', record.message)
    assert "dispatcher.py" not in record.message
    assert stream.local_reply is not None
    assert stream.local_reply.status == 500
    request(runner)
    assert len(logs(runner)) == 2


def test_sys_exit_ends_the_stream_and_not_the_plugin(start: Start) -> None:
    runner = start("exit")
    for count in (1, 2):
        stream = request(runner)
        assert stream.local_reply is not None
        assert len(logs(runner)) == count
    assert logs(runner)[0].message.endswith("SystemExit: enough")
    assert not runner.lost


@pytest.mark.parametrize("behaviour", ["sleep", "sleep by name"])
def test_sleeping_names_the_rule(start: Start, behaviour: str) -> None:
    runner = start(behaviour)
    for number in range(2):
        request(runner)
        assert "RuleError: a plugin must not sleep" in logs(runner)[number].message
    assert not runner.lost


def test_outside_of_a_plugin_sleep_sleeps(start: Start) -> None:
    start("values")
    before = time.monotonic()
    time.sleep(0.01)
    assert time.monotonic() - before >= 0.01
