"""Which calls of a gateway reach the guest when streams begin and end."""

from __future__ import annotations

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
