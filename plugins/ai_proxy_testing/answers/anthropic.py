"""Source: platform.claude.com, "Create a Message", "Streaming messages" and "Errors"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from ..problems import Checker, Json

_STOP: Final = {
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded",
}  # fmt: skip
_IDS: Final = r"[A-Za-z0-9_-]+"
_ERRORS: Final = {
    "invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error",
    "request_too_large", "rate_limit_error", "api_error", "timeout_error", "overloaded_error",
}  # fmt: skip
_DELTAS: Final = {
    "text": {"text_delta", "citations_delta"}, "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
}  # fmt: skip
_CITATIONS: Final = {
    "char_location": ("document_index", "start_char_index", "end_char_index"),
    "page_location": ("document_index", "start_page_number", "end_page_number"),
    "content_block_location": ("document_index", "start_block_index", "end_block_index"),
    "search_result_location": ("source", "search_result_index", "start_block_index", "end_block_index"),
    "web_search_result_location": ("url", "encrypted_index"),
}  # fmt: skip
"""What each kind has beside `cited_text`."""
_TEXTS: Final = {"source", "url", "encrypted_index"}
"""Which of these are texts; the others are numbers."""
_NEXT: Final = {
    ("new", "message_start"): "between", ("between", "content_block_start"): "in block",
    ("in block", "content_block_delta"): "in block", ("in block", "content_block_stop"): "between",
    ("between", "message_delta"): "ending", ("ending", "message_stop"): "ended",
}  # fmt: skip


def check_answer(check: Checker, message: Json) -> None:
    _head(check, message, "")
    kinds, ids = [], []
    for path, block in check.objects(message.get("content"), "content", empty=True):
        kinds.append(block.get("type"))
        _block(check, block, path)
        ids += [block.get("id")] if block.get("type") == "tool_use" else []
        if block.get("type") == "text":
            check.need(block.get("text"), f"{path}.text", "must not be empty")
    check.need(len(set(ids)) == len(ids), "content", "has the id of a call twice")
    _stop(check, message.get("stop_reason"), kinds, "stop_reason")
    _usage(check, message.get("usage"), "usage")


def _head(check: Checker, message: Json, prefix: str) -> None:
    kind = (message.get("type"), message.get("role"))
    check.need(kind == ("message", "assistant"), prefix or "$", "must be a message")
    check.text(message.get("id"), f"{prefix}id")
    check.text(message.get("model"), f"{prefix}model")
    # LiteLLM takes an answer with this field as an error, also if it is null.
    check.need("error" not in message, f"{prefix}error", "is no field of a message")


def _block(check: Checker, block: Json, path: str) -> None:
    kind = block.get("type")
    if kind == "tool_use":
        check.match(block.get("id"), f"{path}.id", _IDS)
        check.text(block.get("name"), f"{path}.name")
        check.need(isinstance(block.get("input"), dict), f"{path}.input", "must be an object")
    elif kind in {"text", "thinking"}:
        check.need(isinstance(block.get(str(kind)), str), path, "must have its text")
        check.need(kind == "text" or isinstance(block.get("signature"), str), path, "must have a signature")
        if block.get("citations") is not None:
            for place, citation in check.objects(block["citations"], f"{path}.citations", empty=True):
                _citation(check, citation, place)
    else:
        check.one_of(kind, f"{path}.type", {"redacted_thinking"})


def _citation(check: Checker, citation: Json, path: str) -> None:
    kind = citation.get("type")
    if check.one_of(kind, f"{path}.type", _CITATIONS):
        check.need(isinstance(citation.get("cited_text"), str), f"{path}.cited_text", "must be a text")
        for name in _CITATIONS[str(kind)]:
            wanted = str if name in _TEXTS else int
            check.need(isinstance(citation.get(name), wanted), f"{path}.{name}", f"must be of type {wanted.__name__}")


def _stop(check: Checker, reason: Any, kinds: list[Any], path: str) -> None:
    check.one_of(reason, path, _STOP)
    check.need((reason == "tool_use") <= ("tool_use" in kinds), path, "is tool_use, and no tool is called")
    check.need(reason != "end_turn" or "tool_use" not in kinds, path, "is end_turn, and a tool is called")


def _usage(check: Checker, usage: Any, path: str) -> None:
    usage = check.object(usage, path)
    for name in ("input_tokens", "output_tokens"):
        check.number(usage.get(name), f"{path}.{name}", 0)
    for name in ("cache_read_input_tokens", "cache_creation_input_tokens"):
        if usage.get(name) is not None:
            check.number(usage[name], f"{path}.{name}", 0)


def check_stream(check: Checker, data: Sequence[str]) -> None:
    """`message_start`; blocks one after the other; `message_delta`; `message_stop`. `error` ends it at any place."""
    state, kinds, arguments = "new", list[str](), ""
    calls: list[tuple[str, str]] = []
    for number, text in enumerate(data):
        event, path = json.loads(text), f"event {number}"
        kind = event.get("type")
        if kind == "ping":
            continue
        if kind == "error":
            check_error(check, event)
            check.need(number == len(data) - 1, path, "nothing follows an error")
            return
        if not check.need((state, kind) in _NEXT, path, f"{kind} is not allowed {state}"):
            return
        state = _NEXT[state, kind]
        if kind == "message_start":
            message = check.object(event.get("message"), f"{path}.message")
            _head(check, message, f"{path}.message.")
            check.need(message.get("stop_reason") is None, f"{path}.message.stop_reason", "is not known yet")
            check.need(message.get("content") == [], f"{path}.message.content", "must be empty")
            _usage(check, message.get("usage"), f"{path}.message.usage")
        elif kind == "content_block_start":
            check.need(event.get("index") == len(kinds), f"{path}.index", "counts the blocks")
            block = check.object(event.get("content_block"), f"{path}.content_block")
            _block(check, block, f"{path}.content_block")
            kinds.append(str(block.get("type")))
            arguments = ""
        elif kind == "content_block_delta":
            delta = check.object(event.get("delta"), f"{path}.delta")
            check.need(event.get("index") == len(kinds) - 1, f"{path}.index", "is that of the open block")
            check.one_of(delta.get("type"), f"{path}.delta.type", _DELTAS.get(kinds[-1], set()))
            if delta.get("type") == "citations_delta":
                _citation(
                    check, check.object(delta.get("citation"), f"{path}.delta.citation"), f"{path}.delta.citation"
                )
            arguments += delta.get("partial_json", "")
        elif kind == "content_block_stop":
            check.need(event.get("index") == len(kinds) - 1, f"{path}.index", "is that of the open block")
            if kinds[-1] == "tool_use" and arguments:
                calls.append((path, arguments))
        elif kind == "message_delta":
            _stop(check, check.object(event.get("delta"), path).get("stop_reason"), kinds, f"{path}.delta.stop_reason")
            usage = check.object(event.get("usage"), f"{path}.usage")
            check.number(usage.get("output_tokens"), f"{path}.usage.output_tokens", 0)
            # An answer that the limit has cut may end within the arguments of its last call.
            cut = event["delta"].get("stop_reason") == "max_tokens"
            for place, given in calls[:-1] if cut else calls:
                _arguments(check, given, place)
    check.need(state == "ended", "$", f"ends {state}")


def _arguments(check: Checker, text: str, path: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    check.need(isinstance(value, dict), path, f"input must be a JSON object, is {text!r:.80}")


def check_error(check: Checker, document: Json) -> None:
    check.need(document.get("type") == "error", "type", "must be error")
    error = check.object(document.get("error"), "error")
    check.one_of(error.get("type"), "error.type", _ERRORS)
    check.text(error.get("message"), "error.message")
