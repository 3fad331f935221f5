"""What is special about plugins that run in a real Envoy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxywasm.testing import PluginFailedError, PluginHosts, TestHost, TestStream, request, response
from proxywasm.wire import LogLevel
from proxywasm_host.stream import Limits
from proxywasm_host.testing import envoy
from proxywasm_host.testing.gateways import UNSUPPORTED

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
MANY = "plugins/many.py"
BEHAVIOURS = "../../sdk/behaviours"
SERVICE = "outbound|80||service.example"
LARGE = bytes(range(256)) * 20_000

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def hosts(bundle_module: Path) -> Iterator[PluginHosts]:
    if reason := envoy.missing():
        pytest.skip(reason)
    started: list[TestHost] = []
    yield PluginHosts("envoy", HERE, started)
    for host in started:
        host.close()


def seen(host: TestHost, method: str) -> str:
    return host.request(method, "/seen").upstream.headers["x-seen"]


# Instances.


def test_each_host_has_an_instance_of_its_own(hosts: PluginHosts) -> None:
    with hosts(MANY, {"number": 1}) as one, hosts(MANY, {"number": 2}) as other:
        assert [seen(one, "PUT"), seen(other, "GET"), seen(one, "POST")] == ["PUT", "GET", "PUT,POST"]


def test_within_a_test_the_same_host_again_goes_on_with_its_instance(hosts: PluginHosts) -> None:
    envoy.end_of_test()
    for expected in ("PUT", "PUT,PUT"):
        with hosts(MANY) as host:
            assert seen(host, "PUT") == expected
    envoy.end_of_test()
    with hosts(MANY) as host:
        assert seen(host, "PUT") == "PUT"


def test_an_instance_that_failed_is_not_used_again(hosts: PluginHosts) -> None:
    with hosts(MANY, tolerate_failures=True) as host:
        assert seen(host, "PUT") == "PUT"
        host.request(path="/raise")
    with hosts(MANY, tolerate_failures=True) as host:
        assert seen(host, "PUT") == "PUT"


def test_an_instance_that_is_lost_fails_the_test(hosts: PluginHosts) -> None:
    with hosts(MANY) as host, pytest.raises(PluginFailedError, match="Function: proxy_on_request_headers failed"):
        host.request(path="/trap")


def test_metrics_are_those_of_the_host(hosts: PluginHosts) -> None:
    for count in (2, 1, 3):
        envoy.end_of_test()
        with hosts(MANY) as host:
            for _ in range(count):
                host.roundtrip(request(), response())
            assert host.metrics == {"requests": count}


def test_more_values_of_labels_than_there_is_room_for_are_counted_together(hosts: PluginHosts) -> None:
    """As in our own host (tests/sdk/test_hoarding.py), and no client gets a 500."""
    with hosts(BEHAVIOURS, {"do": "count without end", "tenants": 600}) as host:
        for times in (1, 2):
            stream = host.request()
            assert stream.downstream.status == 200
            assert stream.downstream.text.split()[0] == str(3 * times)
            assert host.metrics["requests.tenant.other"] == (100 + 5 * 2) * times
        assert host.metrics["requests.tenant.t499"] == 2
        assert "requests.tenant.t500" not in host.metrics
        warnings = [record.message for record in host.logs if record.level >= LogLevel.WARN]
        assert [text.partition(",")[0] for text in warnings] == ["new values of labels are counted as 'other'"]


def test_the_route_can_be_named(hosts: PluginHosts) -> None:
    config = {"_rules_": [{"_match_route_": ["a"]}]}
    for route, marked in (("a", True), ("b", False)):
        with hosts(MANY, config, properties={"route_name": route}) as host:
            assert ("x-seen" in host.request(path="/seen").upstream.headers) is marked


def test_the_plugin_logs_what_the_level_says(hosts: PluginHosts) -> None:
    for level, messages in ((LogLevel.WARN, []), (LogLevel.INFO, ["done with /x"])):
        with hosts(MANY, log_level=level) as host:
            stream = host.roundtrip(request(path="/x"), response())
            assert [record.message for record in stream.logs] == messages


# Streams.


def test_what_is_logged_belongs_to_its_stream(hosts: PluginHosts) -> None:
    with hosts(MANY) as host:
        one, other = host.request(path="/one"), host.request(path="/other")
        other.respond()
        other.finish()
        one.finish()
        assert [[record.message for record in stream.logs] for stream in (one, other)] == [
            ["done with /one"],
            ["done with /other"],
        ]


def test_streams_may_overlap(hosts: PluginHosts) -> None:
    with hosts(MANY) as host:
        streams = [host.request(path=f"/{number}") for number in range(5)]
        for stream in reversed(streams):
            assert stream.respond(body=stream.upstream.path).text == stream.upstream.path


def test_bodies_go_through_whatever_their_size(hosts: PluginHosts) -> None:
    with hosts(MANY) as host:
        stream = host.request("POST", body=LARGE)
        assert stream.upstream.body == LARGE
        assert stream.respond(body=[LARGE, LARGE]).body == (LARGE + LARGE).upper()


def test_fields_keep_their_order_and_number_and_any_text(hosts: PluginHosts) -> None:
    fields = [("x-b", "1"), ("x-a", "grüße"), ("x-b", "2")]
    with hosts(MANY) as host:
        stream = host.request("GET", "/p?q=1", fields, host="other.example:8080")
        pseudo = [(":method", "GET"), (":path", "/p?q=1"), (":authority", "other.example:8080")]
        assert stream.upstream.headers.fields() == [*pseudo, *fields]
        assert stream.respond(200, fields, body=[b"x"]).headers.fields() == [(":status", "200"), *fields]


def test_a_client_that_leaves_ends_the_stream(hosts: PluginHosts) -> None:
    with hosts(MANY) as host:
        stream = host.request(path="/x")
        stream.response_headers(200)
        stream.finish()
        assert stream.upstream_closed
        assert [record.message for record in stream.logs] == ["done with /x"]


def test_a_response_that_is_broken_off_is_reset(hosts: PluginHosts) -> None:
    with hosts(MANY, tolerate_failures=True) as host:
        stream = host.request(path="/raise-in-the-middle")
        stream.response_headers(200)
        stream.response_body("one")
        assert stream.downstream.text == "ONE"
        assert not stream.reset
        stream.response_body("two")
        assert stream.reset
        assert not stream.downstream.ended


# Services.


def test_a_service_has_to_be_named(hosts: PluginHosts) -> None:
    with hosts(MANY) as host, pytest.raises(PluginFailedError, match="no such cluster: 'outbound"):
        host.request(path="/call")


def test_calls_are_told_from_requests_on_the_same_route(hosts: PluginHosts) -> None:
    with hosts(MANY, clusters=[SERVICE]) as host:
        waiting, passing = host.request(path="/call"), host.request(path="/first")
        assert [call.path for call in host.calls] == [passing.upstream.path]
        assert not waiting.upstream
        host.calls[0].answer(200, body="fine")
        assert waiting.upstream.headers["x-answer"] == "200 fine"


# What cannot be.


@pytest.mark.parametrize(
    ("what", "ask"),
    [
        ("advance", lambda host, stream: host.advance(1)),
        ("another_instance", lambda host, stream: host.another_instance()),
        ("shared_data", lambda host, stream: host.shared_data),
        ("get_property", lambda host, stream: stream.get_property("route_name")),
        ("get_property", lambda host, stream: host.get_property("plugin_name")),
        ("properties", lambda host, stream: host.open({"route_name": "b"})),
        ("histograms", lambda host, stream: host.histograms),
        ("services", lambda host, stream: host.services.rebuild_wanted),
        ("services", lambda host, stream: host.services.max_requests_per_io_cycle),
    ],
)
def test_what_a_gateway_cannot_do_skips_the_test(
    hosts: PluginHosts, what: str, ask: Callable[[TestHost, TestStream], object]
) -> None:
    with hosts(MANY) as host, pytest.raises(pytest.skip.Exception, match=f"{what}: {UNSUPPORTED[what]}"):
        ask(host, host.request())


@pytest.mark.parametrize(
    ("what", "options"),
    [
        ("start, seed", {"seed": 1}),
        ("limits", {"limits": Limits(request_body=1)}),
        ("properties", {"properties": {"source.address": "10.0.0.1"}}),
        ("foreign_functions", {"foreign_functions": {"f": bytes}}),
        ("redis", {"config": {"redis": True}}),
    ],
)
def test_what_a_gateway_cannot_be_skips_the_test(hosts: PluginHosts, what: str, options: dict[str, object]) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"{what}: {UNSUPPORTED[what]}"):
        hosts(MANY, **options)  # type: ignore[arg-type]


def test_two_plugins_cannot_share_a_service(hosts: PluginHosts) -> None:
    with hosts(MANY, clusters=[SERVICE]), pytest.raises(pytest.skip.Exception, match=UNSUPPORTED["clusters"]):
        hosts(MANY, {"number": 2}, clusters=[SERVICE])


def test_recordings_are_not_replayed(hosts: PluginHosts) -> None:
    with pytest.raises(pytest.skip.Exception, match=UNSUPPORTED["replay"]):
        hosts.replay(MANY, ROOT / "tests" / "recordings" / "qwen-native-stream.json")


def test_the_guide_names_all_that_cannot_be() -> None:
    guide = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    for what, reason in UNSUPPORTED.items():
        names = ", ".join(f"`{name}`" for name in what.split(", "))
        assert f"| {names} | {reason} |" in guide
