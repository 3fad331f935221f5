"""The grammar of OpenAI's Responses API: the models of its client library, and the order of a stream's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from openai.types.responses import Response, ResponseStreamEvent
from tests.ai_proxy.gateway import Json

_EVENTS = {
    get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(get_args(ResponseStreamEvent)[0])
}
_ENDS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
_TEXTS = {
    "response.output_text": ("content", "text", "output_text"),
    "response.refusal": ("content", "refusal", "refusal"),
    "response.reasoning_text": ("content", "text", "reasoning_text"),
    "response.reasoning_summary_text": ("summary", "text", "summary_text"),
    "response.function_call_arguments": ("", "arguments", "function_call"),
    "response.custom_tool_call_input": ("", "input", "custom_tool_call"),
}
"""Events of texts that grow: the list of the item that has the text, the name of the text, the type of its owner."""


_PREFIXES = {
    "message": "msg_", "reasoning": "rs_", "function_call": "fc_", "custom_tool_call": "ctc_",
    "tool_search_call": "tsc_",
}  # fmt: skip
"""What ids begin with, by the type of the item."""


def response(document: Json) -> Response:
    """A response object, whole or of a stream; fails for an invalid one."""
    result = Response.model_validate(document, strict=True)
    assert result.id.startswith("resp_")
    ids = [item["id"] for item in document["output"]]
    assert len(set(ids)) == len(ids)
    assert (document["error"] is not None) == (document["status"] == "failed")
    assert (document["incomplete_details"] is not None) == (document["status"] == "incomplete")
    for item in document["output"]:
        _item(item, document["status"])
    return result


def _item(item: Json, status: str) -> None:
    assert item["id"].startswith(_PREFIXES[item["type"]])
    assert len(item["id"]) <= 64
    assert "status" not in item or item["status"] == "completed" or status != "completed"
    if item["type"].endswith("_call"):
        assert item["call_id"]
    if item["type"] == "message":
        assert item["content"]


def stream(events: Sequence[Json], *, failed: bool = False) -> Json:
    """The last response object of a stream; fails for events in a wrong order, or that contradict each other."""
    for number, event in enumerate(events):
        assert event["sequence_number"] == number
        _EVENTS[event["type"]].model_validate(event, strict=True)
    *rest, last = events
    if last["type"] == "error":
        assert failed
        assert not rest
        return last
    assert [event["type"] for event in rest[:2]] == ["response.created", "response.in_progress"]
    check = _Stream()
    for event in rest[2:]:
        check.take(event)
    final: Json = last["response"]
    assert _ENDS[last["type"]] == final["status"]
    assert (final["status"] == "failed") == failed
    response(final)
    changing = ("status", "output", "usage", "completed_at", "error", "incomplete_details")
    for event in rest[:2]:
        assert (event["response"]["status"], event["response"]["output"]) == ("in_progress", [])
        assert _without(event["response"], *changing) == _without(final, *changing)
    check.end(final["output"], failed=failed)
    return final


def _without(document: Json, *names: str) -> Json:
    return {name: value for name, value in document.items() if name not in names}


class _Stream:
    """The items of a stream, as its events have built them."""

    def __init__(self) -> None:
        self.items: list[Json] = []
        self.texts: list[dict[int, str]] = []
        """The texts of each item that have grown, by their index in it."""
        self.parts: list[dict[int, Json | None]] = []
        """The parts of each item: None while open."""
        self.annotations: list[list[Json]] = []
        """Those of the open part of each item."""
        self.closed: list[bool] = []

    def take(self, event: Json) -> None:
        kind, index = event["type"], event["output_index"]
        if kind == "response.output_item.added":
            assert index == len(self.items), "items are numbered in the order of their beginnings"
            item = event["item"]
            assert item.get("status", "in_progress") == "in_progress"
            assert not any(map(item.get, ("content", "summary", "arguments", "input")))
            self.items.append(item)
            self.texts.append({})
            self.parts.append({})
            self.annotations.append([])
            self.closed.append(False)
            return
        assert not self.closed[index], "nothing follows the end of an item"
        if kind == "response.output_item.done":
            self._close(index, event["item"])
            return
        assert event["item_id"] == self.items[index]["id"]
        if kind.endswith(("_part.added", "_part.done")):
            self._part(event, index)
        elif kind == "response.output_text.annotation.added":
            self._annotate(event, index)
        else:
            self._text(event, index)

    def _part(self, event: Json, index: int) -> None:
        place: int = event["summary_index" if "summary_index" in event else "content_index"]
        if event["type"].endswith(".added"):
            assert place == len(self.parts[index])
            assert all(part is not None for part in self.parts[index].values()), "parts follow each other"
            assert not any(map(event["part"].get, ("text", "refusal")))
            self.parts[index][place] = None
        else:
            assert self.parts[index][place] is None
            part = event["part"]
            assert part.get("text", part.get("refusal")) == self.texts[index].get(place, "")
            assert part.get("annotations", []) == self.annotations[index]
            self.parts[index][place], self.annotations[index] = part, []

    def _annotate(self, event: Json, index: int) -> None:
        place, known = event["content_index"], self.annotations[index]
        assert self.parts[index].get(place, "no part") is None, "a text is annotated inside of its part"
        assert event["annotation_index"] == len(known)
        assert 0 <= event["annotation"]["start_index"] <= event["annotation"]["end_index"]
        assert event["annotation"]["end_index"] <= len(self.texts[index].get(place, ""))
        known.append(event["annotation"])

    def _text(self, event: Json, index: int) -> None:
        base, _, step = event["type"].rpartition(".")
        where, name, owner = _TEXTS[base]
        place: int = event[f"{where}_index"] if where else 0
        texts = self.texts[index]
        if where:
            assert self.parts[index].get(place, "no part") is None, "a text grows inside of its part"
            assert owner.startswith(("output", "refusal")) == (self.items[index]["type"] == "message")
        else:
            assert self.items[index]["type"] == owner
        if step == "delta":
            assert event["delta"], "an empty delta says nothing"
            texts[place] = texts.get(place, "") + event["delta"]
        else:
            assert event[name] == texts.get(place, "")

    def _close(self, index: int, item: Json) -> None:
        begun = self.items[index]
        assert _without(item, *_GROWING) == _without(begun, *_GROWING)
        parts = item["content"] if item["type"] == "message" else item.get("content") or item.get("summary") or []
        assert list(self.parts[index].values()) == parts
        if item["type"] == "function_call":
            assert item["arguments"] == self.texts[index].get(0, "")
        elif item["type"] == "custom_tool_call":
            assert item["input"] == self.texts[index].get(0, "")
        self.items[index] = item
        self.closed[index] = True

    def end(self, output: list[Json], *, failed: bool) -> None:
        if failed:
            assert [item["id"] for item in output] == [item["id"] for item in self.items]
        else:
            assert all(self.closed)
            assert output == self.items


_GROWING = ("status", "content", "summary", "arguments", "input", "encrypted_content")


def error(document: Json) -> None:
    """An error that is an answer by itself."""
    assert set(document["error"]) == {"message", "type", "param", "code"}
    assert document["error"]["message"]


def simplified(output: list[Json]) -> list[tuple[Any, ...]]:
    """Type, names and texts of items, without their ids."""
    return [
        (item["type"], item.get("status"), item.get("namespace"), item.get("name"), item.get("call_id"),
         item.get("arguments"), item.get("input"), item.get("content"), item.get("summary"),
         item.get("encrypted_content"))
        for item in output
    ]  # fmt: skip
