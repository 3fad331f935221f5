"""Rules for all client and service protocols."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.ai_proxy.mutations import recorded
from tests.ai_proxy.natives import steady

from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols import clients
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.protocols.interface import AnyServiceProtocol, ClientProtocol
from ai_proxy.providers import ROWS
from ai_proxy.providers.row import Row
from ai_proxy.wire import apis
from ai_proxy_docs.examples import settings

STREAMS = recorded(streams=True)


def services() -> Iterator[tuple[Row, str, AnyServiceProtocol]]:
    for row in ROWS:
        for api, service in row.dialect.protocols.items():
            yield row, api, service


@pytest.mark.parametrize(("row", "api", "service"), [*services()])
def test_each_stream_has_a_state_of_its_own(row: Row, api: str, service: AnyServiceProtocol) -> None:
    for model in ("m", "claude-3"):
        exchange = clients.new_exchange(settings(row), apis.Route(api))
        exchange.model = model
        one, other = service.new_state(exchange), service.new_state(exchange)
        assert type(one) is type(other)
        assert one is None or one is not other


@pytest.mark.parametrize("service", STREAMS)
def test_a_retry_starts_with_a_new_state_of_the_stream(service: str) -> None:
    """A retry streams a second answer in the same exchange."""
    for one in STREAMS[service].values():
        exchange, protocol = one.call()
        first, second = (written(exchange, protocol, one.answer) for _ in range(2))
        assert first == second


def written(exchange: Exchange, protocol: AnyServiceProtocol, answer: bytes) -> str:
    return steady(ConvertedStream(exchange, protocol).feed(answer, last=True).decode())


@pytest.mark.parametrize("client", clients.CLIENTS)
def test_a_client_protocol_has_its_chat_among_its_apis(client: ClientProtocol) -> None:
    assert client.chat_api in client.apis
    assert all(clients.BUILT_IN.of_api(api) is client for api in client.apis), "no other protocol claims them"


def test_only_openais_clients_speak_the_pivot() -> None:
    assert [client.chat_api for client in clients.CLIENTS if client.is_pivot] == [apis.CHAT]
    assert clients.DEFAULT.is_pivot


@pytest.mark.parametrize("row", [row for row in ROWS if row.dialect.native_clients], ids=lambda row: row.name)
def test_client_protocols_that_a_service_speaks_for_some_models_are_known_and_not_among_its_paths(row: Row) -> None:
    assert set(row.dialect.native_clients) <= set(clients.CLIENTS)
    assert all(client.chat_api not in row.addressing.paths for client in row.dialect.native_clients)
