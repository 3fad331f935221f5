"""Source: OpenAI API reference, "Responses": "The response object" and "Streaming events"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from ..problems import Checker, Json

_ENDS: Final = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
_REASONS: Final = {"max_output_tokens", "content_filter"}
_CALLS: Final = {"function_call": "arguments", "custom_tool_call": "input"}
_TEXTS: Final = {
    "response.output_text": "text", "response.refusal": "refusal", "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text", "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
}  # fmt: skip
"""Events of texts that grow, with the name of the whole text in the last one."""
_PARTS: Final = ("response.content_part", "response.reasoning_summary_part")


def check_answer(check: Checker, answer: Json, path: str = "$") -> None:
    check.need(answer.get("object") == "response", f"{path}.object", "must be response")
    check.match(answer.get("id"), f"{path}.id", "resp_.+")
    check.text(answer.get("model"), f"{path}.model")
    check.number(answer.get("created_at"), f"{path}.created_at", 0)
    status = answer.get("status")
    check.one_of(status, f"{path}.status", {"completed", "incomplete", "failed", "in_progress"})
    check.need((answer.get("error") is not None) == (status == "failed"), f"{path}.error", "is there if it has failed")
    details = answer.get("incomplete_details")
    check.need((details is not None) == (status == "incomplete"), f"{path}.incomplete_details", "is there if it is cut")
    if details is not None:
        check.one_of(check.object(details, path).get("reason"), f"{path}.incomplete_details.reason", _REASONS)
    check.need(isinstance(answer.get("parallel_tool_calls"), bool), f"{path}.parallel_tool_calls", "must be a boolean")
    check.need(isinstance(answer.get("tools"), list), f"{path}.tools", "must be a list")
    check.need(answer.get("tool_choice"), f"{path}.tool_choice", "is missing")
    ids = []
    for place, item in check.objects(answer.get("output"), f"{path}.output", empty=True):
        ids.append(item.get("id"))
        _item(check, item, place)
        if status == "completed":
            check.need(item.get("status", "completed") == "completed", f"{place}.status", "must be completed")
    check.need(len(set(ids)) == len(ids), f"{path}.output", "has an id twice")
    if answer.get("usage") is not None:
        _usage(check, answer["usage"], f"{path}.usage")


def _item(check: Checker, item: Json, path: str) -> None:
    kind = item.get("type")
    check.match(item.get("id"), f"{path}.id", "[A-Za-z0-9_-]{1,64}")
    if kind == "message":
        check.need(item.get("role") == "assistant", f"{path}.role", "must be assistant")
        for place, part in check.objects(item.get("content"), f"{path}.content", empty=True):
            check.one_of(part.get("type"), f"{place}.type", {"output_text", "refusal"})
            text = part.get("refusal" if part.get("type") == "refusal" else "text")
            if check.need(isinstance(text, str), place, "must have its text") and part.get("type") == "output_text":
                for where, one in check.objects(part.get("annotations"), f"{place}.annotations", empty=True):
                    _annotation(check, one, where, len(str(text)))
    elif kind == "reasoning":
        for name, wanted in (("summary", "summary_text"), ("content", "reasoning_text")):
            if name == "content" and name not in item:
                continue
            for place, part in check.objects(item.get(name), f"{path}.{name}", empty=True):
                check.need(part.get("type") == wanted, f"{place}.type", f"must be {wanted}")
    elif kind == "tool_search_call":
        check.text(item.get("call_id"), f"{path}.call_id")
        check.need(isinstance(item.get("arguments"), dict), f"{path}.arguments", "must be an object")
    elif check.one_of(kind, f"{path}.type", _CALLS):
        check.text(item.get("call_id"), f"{path}.call_id")
        check.text(item.get("name"), f"{path}.name")
        check.need(isinstance(item.get(_CALLS[str(kind)]), str), path, "must have its input")
        if kind == "function_call" and item.get("status") == "completed":
            _arguments(check, item["arguments"], f"{path}.arguments")


def _annotation(check: Checker, annotation: Json, path: str, length: int | None = None) -> None:
    """A citation of a web page with its place in the text; the plugin writes no other kinds."""
    check.need(annotation.get("type") == "url_citation", f"{path}.type", "must be url_citation")
    check.text(annotation.get("url"), f"{path}.url")
    check.need(isinstance(annotation.get("title"), str), f"{path}.title", "must be a text")
    if check.number(annotation.get("start_index"), f"{path}.start_index", 0):
        check.number(annotation.get("end_index"), f"{path}.end_index", annotation["start_index"], length)


def _arguments(check: Checker, text: Any, path: str) -> None:
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        value = None
    check.need(isinstance(value, dict), path, f"must be a JSON object, is {text!r:.80}")


def _usage(check: Checker, usage: Any, path: str) -> None:
    usage = check.object(usage, path)
    for name in ("input_tokens", "output_tokens", "total_tokens"):
        check.number(usage.get(name), f"{path}.{name}", 0)
    for name, inner in (("input_tokens_details", "cached_tokens"), ("output_tokens_details", "reasoning_tokens")):
        check.number(check.object(usage.get(name), f"{path}.{name}").get(inner), f"{path}.{name}.{inner}", 0)


def check_stream(check: Checker, data: Sequence[str]) -> None:
    """`response.created` and `response.in_progress`; items, numbered in the order of their beginnings; one last event
    with the whole response. `error` is the only event of a stream that fails before it begins.
    """
    events = [json.loads(text) for text in data]
    for number, event in enumerate(events):
        check.need(event.get("sequence_number") == number, f"event {number}.sequence_number", f"must be {number}")
    kinds = [event.get("type") for event in events]
    if kinds == ["error"]:
        check.text(events[0].get("message"), "event 0.message")
        return
    if not check.need(kinds[:2] == ["response.created", "response.in_progress"], "$", "must begin with the response"):
        return
    if not check.need(kinds[-1] in _ENDS, "$", f"must end with the response, ends with {kinds[-1]}"):
        return
    for number, event in enumerate(events[:2]):
        _begins(check, event, f"event {number}.response")
    stream = _Stream(check)
    for number, event in enumerate(events[2:-1], 2):
        stream.take(event, f"event {number}")
    last, path = events[-1].get("response", {}), f"event {len(events) - 1}.response"
    check.need(last.get("status") == _ENDS[kinds[-1]], f"{path}.status", "must be that of the event")
    check.need(last.get("id") == events[0].get("response", {}).get("id"), f"{path}.id", "stays the same")
    check_answer(check, last, path)
    ids = [item.get("id") for item in last.get("output", [])]
    check.need(ids == stream.ids, f"{path}.output", "must have the items of the stream")
    if kinds[-1] != "response.failed":
        check.need(last.get("output") == stream.done, f"{path}.output", "must be as the items have ended")


def _begins(check: Checker, event: Json, path: str) -> None:
    response = check.object(event.get("response"), path)
    check.need(response.get("status") == "in_progress", f"{path}.status", "must be in_progress")
    check.need(response.get("output") == [], f"{path}.output", "must be empty")


class _Stream:
    """The items of a stream as its events have built them."""

    def __init__(self, check: Checker) -> None:
        self._check = check
        self.ids: list[Any] = []
        self.done: list[Json | None] = []
        self._texts: dict[tuple[Any, ...], str] = {}
        self._annotations: dict[tuple[Any, ...], list[Any]] = {}
        self._open: dict[int, set[tuple[Any, ...]]] = {}

    def take(self, event: Json, path: str) -> None:
        check, kind = self._check, str(event.get("type"))
        index: int = event.get("output_index", -1)
        if kind == "response.output_item.added":
            check.need(index == len(self.ids), f"{path}.output_index", "counts the items")
            self.ids.append(check.object(event.get("item"), f"{path}.item").get("id"))
            self.done.append(None)
            self._open[len(self.ids) - 1] = set()
            return
        if not check.need(index in self._open and self.done[index] is None, path, "belongs to no open item"):
            return
        if kind == "response.output_item.done":
            item = check.object(event.get("item"), f"{path}.item")
            check.need(item.get("id") == self.ids[index], f"{path}.item.id", "stays the same")
            check.need(not self._open[index], path, "has a part that has not ended")
            self.done[index] = item
            return
        check.need(event.get("item_id") == self.ids[index], f"{path}.item_id", "is that of the item")
        base, _, step = kind.rpartition(".")
        place = (index, event.get("content_index", event.get("summary_index")))
        if base in _PARTS:
            self._part(event, path, place, step)
        elif base == "response.output_text.annotation":
            self._annotate(event, path, place)
        elif check.one_of(base, f"{path}.type", _TEXTS):
            self._text(event, path, place, base, step)

    def _part(self, event: Json, path: str, place: tuple[Any, ...], step: str) -> None:
        parts = self._open[place[0]]
        if step == "added":
            self._check.need(not parts, path, "begins inside of another part")
            parts.add(place)
        elif self._check.need(place in parts, path, "has not begun"):
            parts.discard(place)
            part = self._check.object(event.get("part"), f"{path}.part")
            text = part.get("text", part.get("refusal"))
            self._check.need(text == self._texts.get(place, ""), f"{path}.part", "must have the whole text")
            annotated = part.get("annotations", []) == self._annotations.get(place, [])
            self._check.need(annotated, f"{path}.part.annotations", "must be those of the events")

    def _annotate(self, event: Json, path: str, place: tuple[Any, ...]) -> None:
        self._check.need(place in self._open[place[0]], path, "belongs to no open part")
        known = self._annotations.setdefault(place, [])
        self._check.need(event.get("annotation_index") == len(known), f"{path}.annotation_index", "counts them")
        annotation = self._check.object(event.get("annotation"), f"{path}.annotation")
        _annotation(self._check, annotation, f"{path}.annotation", len(self._texts.get(place, "")))
        known.append(annotation)

    def _text(self, event: Json, path: str, place: tuple[Any, ...], base: str, step: str) -> None:
        if place[1] is not None:
            self._check.need(place in self._open[place[0]], path, "belongs to no open part")
        if step == "delta":
            self._check.need(event.get("delta"), f"{path}.delta", "must not be empty")
            self._texts[place] = self._texts.get(place, "") + str(event.get("delta"))
        else:
            whole = event.get(_TEXTS[base])
            self._check.need(whole == self._texts.get(place, ""), path, "must have the whole text")


def check_error(check: Checker, document: Json) -> None:
    error = check.object(document.get("error"), "error")
    check.text(error.get("message"), "error.message")
    check.keys(error, "error", {"message", "type", "param", "code"})
