"""Which calls of a gateway reach the guest when streams begin and end."""

from __future__ import annotations

from proxywasm.abi.calls import PASS

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
