"""The pool: how instances are shared, replaced and configured. Native programs do for what needs no Wasm."""

from __future__ import annotations

from typing import Any

import pytest
from tests.host.conftest import MakeFaulty

from proxywasm import ConfigError, HttpContext, Plugin
from proxywasm.adapters import native
from proxywasm.wire import LogLevel, PluginFailure, ProgramLost
from proxywasm_host.limit_fields import MIB
from proxywasm_host.services import HostServices, LogRecord
from proxywasm_host.stream import ChainedStream, CloseUpstream, Event, RequestHeaders, ResponseHeaders, Stream
from proxywasm_host.wasm.pool import Pool, Sharing

REQUEST = [(":method", "GET"), (":path", "/"), (":authority", "example.com")]


class NativeProgram(native.NativeProgram):
    """A plugin in this process, with what a pool needs to know of an instance."""

    memory: int | None = 13 * MIB
    closed = False

    def close(self) -> None:
        self.closed = True


def make_plugin() -> Plugin[dict[str, Any]]:
    plugin: Plugin[dict[str, Any]] = Plugin("counting")

    @plugin.parse_config
    def parse_config(document: dict[str, Any]) -> dict[str, Any]:
        if "name" not in document:
            raise ConfigError("name: is missing")
        return document

    @plugin.on_request_headers
    def on_request_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
        ctx.request_headers["x-name"] = config["name"]

    @plugin.on_stream_done
    def on_stream_done(ctx: HttpContext, config: dict[str, Any]) -> None:
        ctx.request_headers  # noqa: B018  # the context is there to the end

    return plugin


class House:
    """A pool of native programs; `fail` makes the next starts fail."""

    def __init__(self, sharing: Sharing | None = None, **options: Any) -> None:
        self.programs: list[NativeProgram] = []
        self.logs: list[LogRecord] = []
        self.now = 0.0
        self.fail = False
        self.pool = Pool(
            self.start, '{"name": "a"}', sharing=sharing, on_log=self.logs.append, clock=lambda: self.now, **options
        )

    def start(self, services: HostServices) -> NativeProgram:
        if self.fail:
            raise ProgramLost("no room")
        self.programs.append(NativeProgram(make_plugin(), services))
        return self.programs[-1]

    def open(self) -> Stream:
        stream = self.pool.runner().open()
        stream.request_headers(REQUEST, True)
        return stream

    def closed(self) -> list[bool]:
        return [program.closed for program in self.programs]


def name(events: list[Event]) -> str:
    assert isinstance(events[0], RequestHeaders | ResponseHeaders)
    fields = dict(events[0].fields)
    return fields.get("x-name", fields.get(":status", "untouched"))


def test_streams_share_an_instance() -> None:
    house = House()
    streams = [house.open() for _ in range(100)]
    assert len(house.programs) == house.pool.started == 1
    for stream in streams:
        stream.close()
    assert house.closed() == [False]


def test_a_stream_can_have_an_instance_of_its_own() -> None:
    house = House(Sharing(streams=1))
    first, second = house.open(), house.open()
    assert len(house.programs) == 2
    first.close()
    assert house.closed() == [True, False]
    second.close()
    assert house.closed() == [True, True]
    assert house.pool.runners == []


def test_an_instance_that_had_its_share_serves_its_streams_to_their_end() -> None:
    house = House(Sharing(streams=3))
    streams = [house.open() for _ in range(4)]
    assert len(house.programs) == 2
    streams[0].close()
    streams[2].close()
    assert house.closed() == [False, False]
    streams[1].close()
    assert house.closed() == [True, False]


def test_an_instance_that_has_grown_is_replaced() -> None:
    house = House(Sharing(memory=50 * MIB))
    first, second = house.open(), house.open()
    house.programs[0].memory = 50 * MIB
    first.close()
    third = house.open()
    assert len(house.programs) == 2
    assert house.closed() == [False, False]
    second.close()
    assert house.closed() == [True, False]
    third.close()


def test_a_full_instance_is_not_retired() -> None:
    house = House(Sharing(open_streams=2))
    streams = [house.open() for _ in range(3)]
    assert len(house.programs) == 2
    for stream in streams:
        stream.close()
    again = [house.open() for _ in range(4)]
    assert len(house.programs) == 2
    assert len(again) == 4


@pytest.mark.parametrize(("fail_open", "outcome"), [(False, "500"), (True, "untouched")])
def test_beyond_the_last_instance_streams_are_failed(fail_open: bool, outcome: str) -> None:
    house = House(Sharing(open_streams=1, instances=2), fail_open=fail_open)
    streams = [house.open() for _ in range(3)]
    assert [name(stream.take()) for stream in streams] == ["a", "a", outcome]
    assert "all 2 instances are busy" in house.logs[-1].message
    for stream in streams:
        stream.close()
    assert name(house.open().take()) == "a"


def test_a_new_configuration_is_for_new_streams() -> None:
    house = House()
    before = house.open()
    house.pool.reconfigure('{"name": "b"}')
    after = house.open()
    assert name(after.take()) == "b"
    assert name(before.take()) == "a"
    assert house.closed() == [False, False]
    before.close()
    assert house.closed() == [True, False]


@pytest.mark.parametrize("config", ["{}", "[]", "no JSON"])
def test_a_bad_configuration_is_refused_and_the_old_one_serves_on(config: str) -> None:
    house = House()
    with pytest.raises(ConfigError) as refused:
        house.pool.reconfigure(config)
    assert house.pool.refused == str(refused.value)
    assert house.logs[-1].level is LogLevel.ERROR
    assert str(refused.value) in house.logs[-1].message
    assert house.closed() == [False, True]
    assert name(house.open().take()) == "a"
    house.pool.reconfigure('{"name": "b"}')
    assert house.pool.refused is None
    assert name(house.open().take()) == "b"


def test_instances_after_a_refused_configuration_get_the_one_that_serves() -> None:
    house = House(Sharing(streams=1))
    with pytest.raises(ConfigError):
        house.pool.reconfigure("{}")
    assert [name(house.open().take()) for _ in range(3)] == ["a", "a", "a"]


def test_another_plugin_comes_with_its_configuration() -> None:
    house = House()

    def without_name(services: HostServices) -> NativeProgram:
        return NativeProgram(Plugin("other"), services)

    house.pool.reconfigure("{}", without_name)
    assert name(house.open().take()) == "untouched"


def test_the_first_configuration_must_be_good() -> None:
    with pytest.raises(ConfigError, match="name: is missing"):
        Pool(lambda services: NativeProgram(make_plugin(), services), "{}")


def test_a_start_that_fails_is_tried_again_later() -> None:
    house = House(Sharing(streams=1))
    house.open().close()
    house.fail = True
    assert [name(house.open().take()) for _ in range(3)] == ["500", "500", "500"]
    assert "no instance can be started: no room" in house.logs[-1].message
    house.fail = False
    assert name(house.open().take()) == "500", "not at once: starting may take long"
    house.now += 2
    assert name(house.open().take()) == "a"


def test_shared_data_and_metrics_belong_to_all_instances() -> None:
    house = House(Sharing(streams=1))
    for number in range(2):
        services = house.pool.runner().services
        assert services.get_shared_data("k") == (None if number == 0 else (b"v", 1))
        services.set_shared_data("k", b"v", 0)
        house.open().close()


def test_closing_gives_open_streams_up() -> None:
    house = House()
    stream = house.open()
    stream.take()
    house.pool.close()
    assert house.logs[-1].message == "the plugin instance is lost: the pool is closed"
    assert stream.take()[0] == CloseUpstream()
    assert stream.response_done
    assert house.closed() == [True]
    with pytest.raises(RuntimeError, match="closed"):
        house.pool.runner()
    with pytest.raises(RuntimeError, match="closed"):
        house.pool.reconfigure('{"name": "b"}')
    assert house.closed() == [True], "nothing was started that nobody would close"


def test_a_pool_that_closes_without_open_streams_has_lost_nothing() -> None:
    house = House()
    house.open().close()
    house.pool.close()
    assert house.closed() == [True]
    assert house.logs == []


# -- With components --------------------------------------------------------------------------------------------------


def test_the_memory_of_an_instance_is_known(faulty: MakeFaulty) -> None:
    program = faulty(HostServices())
    program.configure("{}", LogLevel.INFO)
    before = program.memory
    program.on_request_headers(1, [*REQUEST, ("do", "keep memory")], True)
    assert before is not None
    assert program.memory is not None
    assert 40_000_000 <= program.memory - before < 45_000_000
    program.close()
    assert program.memory is None


def test_the_memory_of_an_instance_can_be_read(faulty: MakeFaulty) -> None:
    program = faulty(HostServices())
    program.configure('{"mark": "found in memory"}', LogLevel.INFO)
    assert program.memory is not None
    assert b"found in memory" in program.read_memory(0, program.memory)
    assert program.read_memory(program.memory // 2, 0) == b""
    program.close()


def test_an_instance_that_kept_memory_is_replaced(faulty: MakeFaulty) -> None:
    with Pool(faulty, "{}", sharing=Sharing(memory=40 * MIB)) as pool:
        runner = pool.runner()
        stream = runner.open()
        stream.request_headers([*REQUEST, ("do", "keep memory")], True)
        assert pool.runner() is runner
        stream.close()
        assert pool.runner() is not runner
        assert (pool.started, pool.lost) == (2, 0)


def test_a_plugin_that_crashes_in_its_configuration_is_refused(faulty: MakeFaulty) -> None:
    with Pool(faulty, "{}") as pool:
        runner = pool.runner()
        with pytest.raises(PluginFailure, match="ValueError"):
            pool.reconfigure('{"do": "storm"}')
        with pytest.raises(ProgramLost, match="unreachable"):
            pool.reconfigure('{"do": "abort"}')
        with pytest.raises(ConfigError, match=r"^refuse: that is not a good idea$"):
            pool.reconfigure('{"refuse": true}')
        assert pool.refused == "refuse: that is not a good idea"
        assert pool.runner() is runner


def test_a_stream_of_a_chain_takes_an_instance_of_each_pool() -> None:
    first, second = House(), House(Sharing(streams=1))
    for _ in range(2):
        stream = ChainedStream([house.pool.runner().open() for house in (first, second)])
        stream.request_headers(REQUEST, True)
        assert name(stream.take()) == "a"
        stream.close()
    assert first.closed() == [False]
    assert second.closed() == [True, True]


def test_an_instance_of_a_chain_that_is_lost_costs_the_others_nothing() -> None:
    first, second = House(), House()
    stream = ChainedStream([house.pool.runner().open() for house in (first, second)])
    stream.request_headers(REQUEST, True)
    stream.take()
    second.pool.runners[0].lose("trap")
    assert isinstance(stream.take()[0], CloseUpstream | ResponseHeaders)
    stream.close()
    assert (first.closed(), second.closed()) == ([False], [True])
    assert len(second.pool.runners) == 0


def test_the_pool_says_which_streams_have_something_to_send_whatever_their_instance() -> None:
    house = House(Sharing(streams=2))
    streams = [house.open() for _ in range(4)]
    assert house.pool.ready() == streams
    for stream in streams:
        stream.take()
    assert house.pool.ready() == []
    lost, _ = house.pool.runners[0], house.pool.runners[1]
    lost.lose("trap")
    assert lost not in house.pool.runners
    assert house.pool.ready() == streams[:2]
    house.fail = True
    refused = house.open()
    assert house.pool.ready()[-1] is refused
    for stream in [*streams, refused]:
        stream.close()
    assert house.pool.ready() == []
