"""What streams share: data, metrics, ticks, a leader, the life of an instance."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.sdk.driving import START_NS, Start, errors, last, logs, request

from proxywasm import ForeignFunctionError, HttpContext, Plugin, PluginContext, log, plugin_context, shared_data
from proxywasm.adapters.native import native_program
from proxywasm.wire import CREATE, LogLevel, MetricKind, PluginFailure
from proxywasm_host.services import HostServices, SharedData
from proxywasm_host.stream import RequestHeaders, Runner


def native(plugin: Plugin[Any], config: str = "{}", **services: Any) -> Runner:
    host = HostServices(log_level=LogLevel.TRACE, **services)
    program = native_program(plugin, host)
    program.configure(config, LogLevel.DEBUG)
    return Runner(program, host)


# Metrics.


def test_metrics_count_for_all_instances(start: Start) -> None:
    services = HostServices()
    other = HostServices(metrics=services.metrics, shared_data=services.shared_data)
    runner = start("count", services=services)
    streams = [request(runner), request(start("count", services=other))]
    assert services.metrics.snapshot() == {"requests": 2, "open_streams": 2}
    for number, stream in enumerate(streams):
        sent = last(stream, RequestHeaders)
        assert isinstance(sent, RequestHeaders)
        assert dict(sent.fields)["x-requests"] == dict(sent.fields)["x-visitors"] == str(number + 1)
        stream.close()
    assert services.metrics.snapshot()["open_streams"] == 100
    histogram = services.metrics[services.metrics.define(MetricKind.HISTOGRAM, "sizes")]
    assert list(histogram.samples) == [6, 6]


# Shared data.


def test_shared_data_has_compare_and_swap(start: Start) -> None:
    stream = request(start("share"))
    assert stream.local_reply is not None
    assert stream.local_reply.body == b"[None, True, False, True, b'3', True, False]"


def test_an_update_is_repeated_when_somebody_else_writes() -> None:
    plugin: Plugin[Any] = Plugin("update")
    shared = SharedData()

    @plugin.on_request_headers
    def update(ctx: HttpContext, config: Any) -> None:
        seen: list[bytes | None] = []

        def grow(old: bytes | None) -> bytes:
            seen.append(old)
            if len(seen) < 3:
                shared.set("k", b"%d" % len(seen), 0)  # another instance, between read and write
            return (old or b"") + b"!"

        assert shared_data.update("k", grow) == b"2!"
        assert seen == [None, b"1", b"2"]

    runner = native(plugin, shared_data=shared)
    request(runner)
    assert errors(runner) == []


def test_an_update_that_never_succeeds_is_an_error() -> None:
    plugin: Plugin[Any] = Plugin("update")
    shared = SharedData()

    def disturbed(old: bytes | None) -> bytes:
        shared.set("k", b"", 0)
        return b"x"

    @plugin.on_request_headers
    def update(ctx: HttpContext, config: Any) -> None:
        shared_data.update("k", disturbed)

    runner = native(plugin, shared_data=shared)
    request(runner)
    assert "changed 100 times while it was being updated" in errors(runner)[0]


def test_numbers_for_compare_and_swap_never_create_what_exists() -> None:
    shared = SharedData()
    shared._last_cas = CREATE - 2
    assert shared.set("a", b"", CREATE)
    assert not shared.set("a", b"", CREATE)
    shared.set("a", b"", 0)
    assert shared.get("a") == (b"", 1)


# Ticks.


def run_for(runner: Runner, milliseconds: int) -> None:
    """Let time pass as a host does: its timer fires with the period that was asked for."""
    services = runner.services
    while milliseconds > 0:
        step = min(services.tick_period_ms or milliseconds, milliseconds)
        services.clock.advance(step)
        milliseconds -= step
        if step == services.tick_period_ms:
            runner.tick()


def test_ticks_run_at_once_and_then_with_their_period_each(start: Start) -> None:
    services = HostServices(start_ns=START_NS)
    runner = start("tick", services=services)
    run_for(runner, 3200)
    lines = [record.message for record in logs(runner) if record.message.startswith("second")]
    assert len(lines) == 4, "at 0.1, 1.1, 2.1 and 3.1 seconds"
    broken = [line for line in errors(runner) if "ValueError: broken tick" in line]
    assert len(broken) == 11, "it goes on although it raises"
    assert {record.context for record in logs(runner)} == {0}


def test_the_host_is_woken_only_as_often_as_a_tick_may_be_due() -> None:
    plugin: Plugin[Any] = Plugin("slow ticks")
    plugin.on_tick(60_000)(lambda context: None)
    plugin.on_tick(90_000)(lambda context: None)
    runner = native(plugin, start_ns=START_NS)
    assert runner.services.tick_period_ms == 100
    runner.tick()
    assert runner.services.tick_period_ms == 30_000


def test_a_plugin_without_ticks_asks_for_none() -> None:
    assert native(Plugin("none")).services.tick_period_ms == 0


def test_ticks_can_depend_on_the_configuration() -> None:
    plugin: Plugin[Any] = Plugin("configured")
    ran: list[str] = []

    @plugin.parse_config
    def parse(document: dict[str, Any]) -> Any:
        plugin_context().register_tick(document["period"], lambda: ran.append(document["name"]))
        return document

    runner = native(plugin, '{"period": 500, "name": "a"}', start_ns=START_NS)
    run_for(runner, 1100)
    assert ran == ["a", "a", "a"]
    with pytest.raises(PluginFailure, match="must be a multiple of 100 milliseconds, got 50"):
        native(plugin, '{"period": 50}')


def test_a_tick_cannot_be_registered_later() -> None:
    plugin: Plugin[Any] = Plugin("late")
    plugin.on_request_headers(lambda ctx, config: ctx.plugin.register_tick(100, print))
    runner = native(plugin)
    request(runner)
    assert "a tick can be registered only while the plugin starts" in errors(runner)[0]


def test_a_tick_may_touch_streams() -> None:
    plugin: Plugin[Any] = Plugin("resumer")
    waiting: list[HttpContext] = []

    @plugin.on_request_headers
    def wait(ctx: HttpContext, config: Any) -> Any:
        waiting.append(ctx)
        from proxywasm import Action  # noqa: PLC0415

        return Action.PAUSE

    @plugin.on_tick(100)
    def resume(context: PluginContext) -> None:
        while waiting:
            waiting.pop().resume_http_request()

    runner = native(plugin)
    first, second = request(runner), request(runner)
    assert (first.take(), second.take()) == ([], [])
    runner.tick()
    assert len(first.take()) == len(second.take()) == 1


# Leader election.


class Elector:
    """An instance that takes part in elections."""

    def __init__(self, shared: SharedData, name: str = "elector", config: str = "{}") -> None:
        self.result = False
        plugin: Plugin[Any] = Plugin(name)

        @plugin.on_tick(100)
        def elect(context: PluginContext) -> None:
            self.result = context.do_leader_election()
            assert context.is_leader() == self.result

        self.runner = native(plugin, config, start_ns=START_NS, shared_data=shared)

    def elect(self, after: int = 100) -> bool:
        self.runner.services.clock.advance(after)
        self.runner.tick()
        return self.result


def test_there_is_one_leader_and_its_lease_lasts_a_minute() -> None:
    shared = SharedData()
    first, second = Elector(shared), Elector(shared)
    assert first.elect()
    assert not second.elect()
    assert not second.elect(59_000)
    assert first.elect(60_000), "renewed"
    assert not second.elect(60_000)
    assert second.elect(2_000), "60 seconds after the renewal"
    assert not first.elect(62_000)
    lease, _ = shared.get("higress_wasm_vm_lease:elector") or (b"", 0)
    assert json.loads(lease).keys() == {"vmID", "timestamp"}


def test_plugins_elect_separate_leaders() -> None:
    shared = SharedData()
    assert Elector(shared).elect()
    assert Elector(shared, "other").elect()
    assert Elector(shared, config='{"_plugin_id_": "2"}').elect()


def test_a_damaged_lease_is_visible_and_written_anew() -> None:
    shared = SharedData()
    shared.set("higress_wasm_vm_lease:elector", b"nonsense", 0)
    elector = Elector(shared)
    assert elector.elect()
    assert "the leader's lease is damaged" in errors(elector.runner)[0]


def test_of_two_instances_that_find_the_lease_free_one_gets_it() -> None:
    class Raced(SharedData):
        """Another instance takes the lease between read and write."""

        def get(self, key: str) -> tuple[bytes, int] | None:
            found = super().get(key)
            self.set(key, b'{"vmID": "other", "timestamp": 1735689600}', 0)
            return found

    assert not Elector(Raced()).elect()


# The life of an instance.


def test_a_fresh_instance_is_asked_for_after_so_many_requests(start: Start) -> None:
    runner = start("rebuild")
    for expected in (False, False, True):
        stream = request(runner)
        assert runner.services.rebuild_wanted == expected
    assert runner.services.get_property(stream.id, ("wasm_need_rebuild",)) == b"true"


def test_a_fresh_instance_is_asked_for_when_memory_grows(start: Start) -> None:
    runner = start("grow")
    request(runner)
    assert not runner.services.rebuild_wanted
    runner.services.set_property(0, ("plugin_vm_memory",), (1000).to_bytes(8, "little"))
    for _ in range(16):
        request(runner)
    assert runner.services.rebuild_wanted


def test_requests_per_io_cycle_reach_the_host() -> None:
    runner = native(Plugin("limited", max_requests_per_io_cycle=20))
    assert runner.services.max_requests_per_io_cycle == 20

    class Other(HostServices):
        def call_foreign_function(self, name: str, argument: bytes) -> bytes:
            raise ForeignFunctionError("no such function")

    services = Other()
    native_program(Plugin[Any]("limited", max_requests_per_io_cycle=20), services).configure("", LogLevel.INFO)
    assert services.logs[0].message == "max_requests_per_io_cycle has no effect: no such function"


def test_foreign_functions_of_the_host_can_be_called() -> None:
    plugin: Plugin[Any] = Plugin("foreign")
    results: list[Any] = []

    @plugin.pre_start_or_reload
    def call(context: PluginContext) -> None:
        results.append(context.call_foreign_function("reverse", b"abc"))
        context.set_context("k", 1)
        results.append((context.get_context("k"), context.get_context("l", 2), context.get_property("plugin_name")))
        context.call_foreign_function("nothing")

    with pytest.raises(PluginFailure, match="this host has no function 'nothing'"):
        native(plugin, foreign_functions={"reverse": lambda argument: argument[::-1]})
    assert results == [b"cba", (1, 2, b"foreign")]


@pytest.mark.parametrize("safe", [False, True])
def test_safe_log_keeps_headers_and_bodies_out_of_the_log(safe: bool) -> None:
    from proxywasm import ClusterClient, TargetCluster  # noqa: PLC0415

    plugin: Plugin[Any] = Plugin("safe", safe_log=safe)
    client = ClusterClient(TargetCluster("c", "h"))

    @plugin.on_request_headers
    def call(ctx: HttpContext, config: Any) -> None:
        log.unsafe_info("key %s", "secret")
        client.post("/", lambda answer: None, headers={"authorization": "secret"}, body="secret")

    runner = native(plugin)
    request(runner)
    (sent,) = runner.services.take_calls()
    runner.http_call_response(sent.id, [(":status", "200")], b"secret")
    records = [record for record in logs(runner) if "secret" in record.message]
    if safe:
        assert [(record.level, record.message) for record in records] == [(LogLevel.DEBUG, "\nkey secret")]
    else:
        assert [record.level.name for record in records] == ["INFO", "DEBUG", "DEBUG"]


def test_tracebacks_are_filtered_before_anybody_sees_them() -> None:
    plugin: Plugin[Any] = Plugin("secretive")

    @plugin.parse_config
    def parse(document: dict[str, Any]) -> Any:
        secret = document["secret"]
        if document.get("broken"):
            plugin_context().filter_tracebacks(lambda text: text[10**9])
        plugin_context().filter_tracebacks(lambda text: text.replace(secret, "***"))
        plugin_context().register_tick(100, lambda: fail(secret))
        return document

    def fail(secret: str) -> None:
        raise ValueError(f"no such key: {secret}")

    @plugin.on_request_headers
    def on_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
        fail(config["secret"])

    runner = native(plugin, '{"secret": "hunter2"}', start_ns=START_NS)
    run_for(runner, 150)
    request(runner)
    assert [("no such key: ***" in text, "hunter2" in text) for text in errors(runner)] == [(True, False)] * 2
    runner = native(plugin, '{"secret": "hunter2", "broken": true}', start_ns=START_NS)
    request(runner)
    assert errors(runner)[-1].endswith("ValueError; its traceback cannot be shown: the filter raises IndexError")
