"""Which calls of a gateway reach the guest when streams begin and end."""

from __future__ import annotations

import pytest

from proxywasm.abi.calls import PASS, PASS_WHOLE

from .gateway import Gateway

INFO = 2


def test_a_stream_is_one_call_at_its_beginning_and_one_at_its_end() -> None:
    gateway = Gateway()
    gateway("on_context_create", 5, 1)
    gateway("on_request_headers", 5, 10, 1)
    gateway("on_log", 5)
    gateway("on_delete", 5)
    assert gateway.calls == [("on-request-headers", 5, 1, INFO, b"", 1), ("on-log", 5)]


def test_streams_that_are_created_ahead_are_made_known() -> None:
    gateway = Gateway()
    gateway("on_context_create", 5, 1)
    gateway("on_context_create", 6, 2)
    gateway("on_request_headers", 5, 10, 0)
    gateway("on_request_headers", 6, 10, 0)
    assert gateway.calls == [
        ("on-context-create", 5, 1),
        ("on-request-headers", 5, 0, INFO, b"", 0),
        ("on-request-headers", 6, 2, INFO, b"", 0),
    ]


def test_the_guest_never_hears_of_a_stream_that_does_not_begin() -> None:
    gateway = Gateway()
    gateway("on_context_create", 5, 1)
    gateway("on_log", 5)
    gateway("on_context_create", 6, 1)
    gateway("on_delete", 6)
    assert gateway.calls == []


def test_root_contexts_and_streams_without_a_log_are_deleted() -> None:
    gateway = Gateway()
    gateway("on_context_create", 1, 0)
    gateway("on_context_create", 5, 1)
    gateway("on_request_headers", 5, 10, 1)
    gateway("on_delete", 5)
    gateway("on_delete", 1)
    assert gateway.calls[1:] == [("on-delete", 5), ("on-delete", 1)]


def trailers(gateway: Gateway, context: int) -> tuple[object, object]:
    return gateway("on_request_trailers", context, 1), gateway("on_response_trailers", context, 1)


def test_trailers_that_the_guest_has_no_use_for_do_not_reach_it() -> None:
    gateway = Gateway()
    gateway.answer = PASS
    assert gateway("on_request_headers", 5, 10, 0) == 0
    assert gateway("on_response_headers", 5, 10, 0) == 0
    gateway.calls.clear()
    assert trailers(gateway, 5) == (0, 0)
    assert gateway.calls == []


def test_trailers_that_the_guest_reads_reach_it() -> None:
    gateway = Gateway()
    for action in (0, 1, 4):
        gateway.answer = action
        assert gateway("on_request_headers", 5, 10, 0) == action
        assert gateway("on_response_headers", 5, 10, 0) == action
    gateway.calls.clear()
    gateway.answer = 1
    assert trailers(gateway, 5) == (1, 1)
    assert gateway.calls == [("on-request-trailers", 5, 1), ("on-response-trailers", 5, 1)]


def test_each_direction_and_each_stream_is_noted_for_itself() -> None:
    """Streams whose numbers share a place: the one that has lost it is asked, and none is passed over by mistake."""
    gateway = Gateway()
    gateway.answer = PASS
    gateway("on_request_headers", 5, 10, 0)
    gateway("on_response_headers", 6, 10, 0)
    gateway("on_request_headers", 5 + 512, 10, 0)
    gateway.calls.clear()
    gateway.answer = 0
    for context in (5, 6, 5 + 512, 0):
        trailers(gateway, context)
    asked = [(name, context) for name, context, _ in gateway.calls]
    assert ("on-request-trailers", 5 + 512) not in asked
    assert ("on-response-trailers", 6) not in asked
    assert {("on-request-trailers", 5), ("on-response-trailers", 5), ("on-request-trailers", 6)} <= {*asked}


DIRECTIONS = ("request", "response")


def rest_of_message(gateway: Gateway, direction: str, context: int) -> list[object]:
    """Which callbacks for a body and trailers reach the guest, with what the gateway gets for each."""
    gateway.calls.clear()
    gateway.answer = 1
    got = [gateway(f"on_{direction}_body", context, 3, 0), gateway(f"on_{direction}_trailers", context, 1)]
    assert all(call[1] == context for call in gateway.calls)
    names = {call[0]: 1 for call in gateway.calls}
    assert got == [names.get(f"on-{direction}-body", 0), names.get(f"on-{direction}-trailers", 0)]
    return [*names]


def begin(gateway: Gateway, direction: str, context: int, action: int) -> None:
    gateway.answer = action
    assert gateway(f"on_{direction}_headers", context, 10, 0) == (0 if action in (PASS, PASS_WHOLE) else action)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("action", [0, 1, 4, PASS, PASS_WHOLE])
def test_the_header_phase_says_what_of_the_message_reaches_the_guest(direction: str, action: int) -> None:
    gateway = Gateway()
    gateway("on_context_create", 5, 1)
    begin(gateway, direction, 5, action)
    body, both = [f"on-{direction}-body"], [f"on-{direction}-body", f"on-{direction}-trailers"]
    assert rest_of_message(gateway, direction, 5) == {PASS: body, PASS_WHOLE: []}.get(action, both)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_other_message_passes_the_guest_whole(direction: str) -> None:
    """Neither the other direction, nor a stream whose header phase says something else, nor one that has the place."""
    gateway = Gateway()
    other = DIRECTIONS[direction == "request"]
    for context in (5, 6, 7):
        gateway("on_context_create", context, 1)
    for context, action in ((5, PASS_WHOLE), (6, 0), (7, PASS)):
        begin(gateway, direction, context, action)
        begin(gateway, other, context, 0)
    begin(gateway, direction, 5 + 512, 0)
    assert rest_of_message(gateway, direction, 5) == []
    assert rest_of_message(gateway, direction, 7) == [f"on-{direction}-body"]
    for context in (6, 5 + 512):
        assert len(rest_of_message(gateway, direction, context)) == 2
    for context in (5, 6, 7):
        assert len(rest_of_message(gateway, other, context)) == 2
    begin(gateway, direction, 5 + 512, PASS_WHOLE)
    assert rest_of_message(gateway, direction, 5 + 512) == []
    assert len(rest_of_message(gateway, direction, 5)) == 2, "the place is taken: the guest is asked, which is slower"


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("before", [PASS, PASS_WHOLE])
@pytest.mark.parametrize("action", [0, PASS])
def test_a_stream_with_the_number_of_one_that_has_ended_is_another(direction: str, before: int, action: int) -> None:
    """Gateways count up to 2^32, then they begin again."""
    gateway = Gateway()
    gateway("on_context_create", 5, 1)
    begin(gateway, direction, 5, before)
    gateway("on_log", 5)
    gateway("on_delete", 5)
    gateway("on_context_create", 5, 1)
    begin(gateway, direction, 5, action)
    assert len(rest_of_message(gateway, direction, 5)) == (1 if action == PASS else 2)
