"""Redis call-outs: by hand, and against a real server."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from tests.redis_server import RedisServer, redis_server
from tests.sdk.driving import START_NS, Start, errors, last, redis_call, request

from proxywasm import FQDNCluster, HttpContext, Plugin, RedisAnswer, RedisClient, RedisError
from proxywasm.adapters.native import native_program
from proxywasm.redis_commands import Command, Commands
from proxywasm.resp import RespValue, decode, encode_value
from proxywasm.wire import LogLevel, RedisCallError
from proxywasm_host.services import HostServices, Limits, RedisCall, RedisSettings
from proxywasm_host.services.redis_calls import RedisCalls
from proxywasm_host.stream import RequestHeaders, Runner, Stream

CLUSTER = "outbound|6379||redis.dns"


def count(stream: Stream) -> str:
    sent = last(stream, RequestHeaders)
    assert isinstance(sent, RequestHeaders)
    return dict(sent.fields)["x-count"]


# By hand.


def test_a_command_goes_out_as_resp_and_its_answer_resumes_the_stream(start: Start) -> None:
    runner = start("redis", {"init": {"username": "u", "password": "p", "timeout_ms": 50, "database": 3}})
    stream = request(runner)
    call = redis_call(runner)
    assert decode(call.query) == [b"INCR", b"/p?q=1"]
    assert (call.cluster, call.context) == (CLUSTER, stream.id)
    settings = call.settings
    assert (settings.username, settings.password, settings.timeout_ms) == ("u", "p", 50)
    assert settings.options == {"db": "3", "buffer_flush_timeout": "3", "max_buffer_size_before_flush": "1024"}
    assert "p'" not in repr(call)
    runner.redis_call_response(call.id, b":7\r\n")
    assert count(stream) == "7"


def test_the_buffer_can_be_disabled(start: Start) -> None:
    runner = start("redis", {"init": {"disable_buffer": True}})
    request(runner)
    assert redis_call(runner).settings.options == {"buffer_flush_timeout": "0", "max_buffer_size_before_flush": "0"}


@pytest.mark.parametrize("response", [b"-ERR no\r\n", None, b"nonsense", b"$5\r\nab"])
def test_an_error_that_nobody_looks_at_ends_the_stream(start: Start, response: bytes | None) -> None:
    runner = start("redis", {"init": {}})
    stream = request(runner)
    runner.redis_call_response(redis_call(runner).id, response)
    assert "RedisError" in errors(runner)[0]
    assert stream.local_reply is not None
    assert stream.local_reply.status == 500


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (b"-WRONGTYPE no\r\n", "WRONGTYPE no"),
        (None, "cannot connect to redis cluster, or no answer in time"),
        (b"$5\r\nab", "cannot read redis response: the end of a value is missing"),
    ],
)
def test_an_error_can_be_looked_at(start: Start, response: bytes | None, message: str) -> None:
    runner = start("redis", {"init": {}, "check": True})
    stream = request(runner)
    runner.redis_call_response(redis_call(runner).id, response)
    assert stream.local_reply is not None
    assert stream.local_reply.body.decode() == message


def test_redis_that_does_not_answer_is_an_error_when_its_time_is_up(start: Start) -> None:
    services = HostServices(start_ns=START_NS)
    runner = start("redis", {"init": {"timeout_ms": 20}, "check": True}, services)
    stream = request(runner)
    services.clock.advance(20)
    runner.expire()
    assert stream.local_reply is not None
    assert "no answer in time" in stream.local_reply.body.decode()


def test_answers_for_a_stream_that_goes_away_are_not_wanted_but_its_commands_are_sent(start: Start) -> None:
    runner = start("redis", {"init": {}})
    stream = request(runner)
    call = redis_call(runner)
    stream.close()
    assert runner.services.take_cancelled() == [call.id]
    runner.redis_call_response(call.id, b":1\r\n")
    request(runner).close()
    (sent,) = runner.services.take_redis_calls()
    assert runner.services.take_cancelled() == [sent.id]


def test_a_service_that_wants_a_password_again_gets_it_once(start: Start) -> None:
    runner = start("redis", {"init": {}, "check": True})
    stream = request(runner)
    refused = b"-NOAUTH Authentication required.\r\n"
    first = redis_call(runner)
    runner.redis_call_response(first.id, refused)
    second = redis_call(runner)
    assert second.query == first.query
    runner.redis_call_response(second.id, refused)
    assert stream.local_reply is not None
    assert stream.local_reply.body == b"NOAUTH Authentication required."


class Unreachable(HostServices):
    """Its Redis cannot be reached a number of times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        if self.times:
            self.times -= 1
            raise RedisCallError("connection refused")
        super().redis_init(cluster, username, password, timeout_ms)


def test_a_service_that_cannot_be_reached_is_tried_again_by_the_next_command(start: Start) -> None:
    runner = start("redis", {"init": {}}, Unreachable(2))
    assert "cannot be reached now, it will be tried again: connection refused" in runner.services.logs[0].message
    refused = request(runner)
    assert "RedisCallError: connection refused" in errors(runner)[0]
    assert refused.local_reply is not None
    stream = request(runner)
    runner.redis_call_response(redis_call(runner).id, b":1\r\n")
    assert count(stream) == "1"


# Against a real server.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), password="secret") as server:
        yield server


@pytest.fixture
def calls(server: RedisServer) -> Iterator[RedisCalls]:
    with redis.Redis(port=server.port, password=server.password) as client:
        client.flushall()
    calls = RedisCalls({CLUSTER: server.address})
    yield calls
    calls.close()


def serve(runner: Runner, calls: RedisCalls) -> None:
    """Carry out what the plugin sends until it sends nothing more."""
    while waiting := runner.services.take_redis_calls():
        for call in waiting:
            runner.redis_call_response(call.id, calls.execute(call))


def test_a_counter_counts_in_a_real_server(start: Start, calls: RedisCalls) -> None:
    runner = start("redis", {"init": {"password": "secret", "database": 1}})
    for number in ("1", "2"):
        stream = request(runner)
        serve(runner, calls)
        assert count(stream) == number


@pytest.mark.parametrize(
    ("command", "value"),
    [
        (["SET", "k", "v"], b"OK"),
        (["GET", "no such key"], None),
        (["EVAL", "return {1, 'a', {2, false}}", 0], [1, b"a", [2, None]]),
        (["HGETALL", "no such key"], []),
    ],
)
def test_values_of_a_real_server(start: Start, calls: RedisCalls, command: list[Any], value: RespValue) -> None:
    runner = start("redis", {"init": {"password": "secret"}, "command": command})
    stream = request(runner)
    serve(runner, calls)
    assert count(stream) == repr(value)


@pytest.mark.parametrize(
    ("init", "command", "message"),
    [
        ({"password": "secret"}, ["INCR"], "ERR wrong number of arguments for 'incr' command"),
        ({"password": "secret"}, ["EVALSHA", "0" * 40, 0], "NOSCRIPT No matching script."),
        ({}, ["PING"], "NOAUTH Authentication required."),
        ({"password": "wrong"}, ["PING"], "WRONGPASS invalid username-password pair"),
    ],
)
def test_errors_of_a_real_server(
    start: Start, calls: RedisCalls, init: dict[str, Any], command: list[Any], message: str
) -> None:
    runner = start("redis", {"init": init, "command": command, "check": True})
    stream = request(runner)
    serve(runner, calls)
    assert stream.local_reply is not None
    assert message in stream.local_reply.body.decode()


@pytest.mark.parametrize("addresses", [{}, {CLUSTER: ("127.0.0.1", 1)}], ids=["unknown", "refused"])
def test_a_server_that_is_down_is_an_error_for_the_stream(start: Start, addresses: dict[str, Any]) -> None:
    runner = start("redis", {"init": {}, "check": True})
    stream = request(runner)
    serve(runner, RedisCalls(addresses))
    assert stream.local_reply is not None
    assert stream.local_reply.body.decode().startswith("cannot connect to redis cluster")


def test_a_server_that_takes_too_long_does_not_spoil_the_next_command(start: Start, calls: RedisCalls) -> None:
    runner = start("redis", {"init": {"password": "secret", "timeout_ms": 100}, "check": True})
    runner_slow = start("redis", {"init": {"password": "secret", "timeout_ms": 100}, "check": True,
                                  "command": ["BLPOP", "nothing", 5]})  # fmt: skip
    slow = request(runner_slow)
    serve(runner_slow, calls)
    assert slow.local_reply is not None
    stream = request(runner)
    serve(runner, calls)
    assert stream.local_reply is None
    assert count(stream) == "1"


def call_of(*command: Any, db: object = 0) -> RedisCall:
    """A command of a plugin that has introduced the service with this database."""
    settings = RedisSettings(CLUSTER, "", "secret", 10_000, {"db": str(db)})
    words = [str(word).encode() for word in command]
    return RedisCall(1, 1, CLUSTER, encode_value(list(words)), settings)


def eventually(server: RedisServer, key: str, values: Collection[int]) -> bool:
    """Whether the server's statistics get there: it hears of a connection's end a little later."""
    with redis.Redis(port=server.port, password=server.password, protocol=2) as client:
        for _ in range(3000):
            if client.info("clients")[key] in values:
                return True
            time.sleep(0.02)
    return False


def test_settings_that_are_not_used_any_more_keep_no_connections(server: RedisServer, calls: RedisCalls) -> None:
    assert eventually(server, "connected_clients", [1])
    few = RedisCalls({CLUSTER: server.address}, Limits(redis_services=3))
    for db in range(16):
        assert few.execute(call_of("PING", db=db)) == b"$4\r\nPONG\r\n"
    assert eventually(server, "connected_clients", range(1 + 3 + 1))
    few.close()
    assert eventually(server, "connected_clients", [1])


def test_connections_in_use_are_closed_by_no_other_settings(server: RedisServer, calls: RedisCalls) -> None:
    one = RedisCalls({CLUSTER: server.address}, Limits(redis_services=1))
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(one.execute, call_of("BLPOP", "queue", 9))
        assert eventually(server, "blocked_clients", [1])
        assert one.execute(call_of("PING", db=1)) == b"$4\r\nPONG\r\n"
        one.close()
        assert calls.execute(call_of("LPUSH", "queue", "x")) == b":1\r\n"
        assert decode(waiting.result() or b"") == [b"queue", b"x"]
    calls.close()
    assert eventually(server, "connected_clients", [1])


def test_a_database_that_is_no_number_is_an_error(calls: RedisCalls) -> None:
    answer = decode(calls.execute(call_of("PING", db="first")) or b"")
    assert isinstance(answer, RedisError)
    assert str(answer) == f"ERR the service {CLUSTER!r} has the option db='first', which is no number"


ARGUMENTS: dict[str, list[Any]] = {
    "Key": ["k"],
    "Keys": [["k", "l"]],
    "TwoKeys": ["k", "l"],
    "TwoKeysInto": ["d", "k", "l"],
    "KeyValue": ["k", "v"],
    "KeyValues": ["k", ["v", "w"]],
    "KeyNumber": ["k", 1],
    "KeyRange": ["k", 0, 5],
    "KeyField": ["k", "f"],
    "KeyFieldValue": ["k", "f", 2],
    "Pairs": [{"k": "v", "l": "w"}],
    "KeyPairs": ["k", {"f": "v", "g": "w"}],
    "KeyCountValue": ["k", 1, "v"],
    "KeyScores": ["k", {"m": 1.5, "n": 2}],
    "KeyMemberDelta": ["k", "m", 2],
    "KeyWhereValue": ["k", "v", "w"],
    "SetWithTTL": ["k", "v", 60],
}
TABLE = {name: row for name, row in vars(Commands).items() if isinstance(row, Command)}


@pytest.mark.parametrize("name", TABLE)
def test_a_real_server_understands_every_command_of_the_table(name: str, calls: RedisCalls) -> None:
    client = RedisClient(FQDNCluster("redis.dns", 6379))
    answers: list[RedisAnswer] = []
    plugin: Plugin[Any] = Plugin("table")
    plugin.pre_start_or_reload(lambda _: client.init(password="secret"))

    @plugin.on_request_headers
    def send(ctx: HttpContext, config: Any) -> None:
        getattr(client, name)(*ARGUMENTS[TABLE[name]._shape.__name__], answers.append)

    services = HostServices()
    program = native_program(plugin, services)
    program.configure("", LogLevel.INFO)
    runner = Runner(program, services)
    request(runner)
    assert not errors(runner)
    serve(runner, calls)
    assert answers[0].error is None


def test_the_table_has_the_commands_of_the_original() -> None:
    assert len(TABLE) == 57


def test_errors_have_values_too() -> None:
    answer = RedisAnswer(RedisError("ERR"))
    with pytest.raises(RedisError, match="ERR"):
        answer.value  # noqa: B018
    assert [RedisAnswer(value).text for value in (b"a", 5, None)] == ["a", "5", None]
    assert encode_value(RedisError("a\r\nb")) == b"-a b\r\n"


def test_eval_counts_its_keys() -> None:
    client = RedisClient(FQDNCluster("redis.dns", 6379))
    client.init()  # before any plugin runs: the first command makes the connection
    plugin: Plugin[Any] = Plugin("eval")
    plugin.on_request_headers(lambda ctx, config: client.eval("return 1", ["a", "b"], ["c"], print))
    services = HostServices()
    program = native_program(plugin, services)
    program.configure("", LogLevel.INFO)
    runner = Runner(program, services)
    request(runner)
    assert decode(redis_call(runner).query) == [b"EVAL", b"return 1", b"2", b"a", b"b", b"c"]
