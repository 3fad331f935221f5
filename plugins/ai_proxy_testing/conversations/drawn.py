"""Strategies of hypothesis for conversations."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from ..problems import Json
from .parts import FILES
from .turns import Call, Conversation, Turn

_IDS: Final = (
    "call_abc",
    "toolu_01",
    "functions.get_weather:0",
    "get_weather:1",
    "a" * 70,
    "id with blank",
    "fc-1",
    "x/y",
)
_SAME_IDS: Final = (("functions.get_weather:0", "functions.get_weather:1"), ("call_1", "call_1"))
"""Ids of services that number the calls of each answer, or know only one id."""
_NAMES: Final = (
    "get_weather",
    "a.b",
    "mcp__server__" + "x" * 60,
    "search-docs",
    "1st",
    "get weather",
    "工具",
    "a" * 130,
)
_TEXTS: Final = st.sampled_from(("Hi", "What is it?", "Über ¿qué?", "  padded  ", "天气")) | st.text(
    min_size=1, max_size=8
)
_BLANK: Final = st.sampled_from(("", " ", "\n\n", "\u200b", "\t \ufeff"))
_ANY_TEXT: Final = st.one_of(_TEXTS, _TEXTS, _BLANK)
_RARELY: Final = st.sampled_from((False, False, False, True))
_SCHEMAS: Final[tuple[Any, ...]] = (
    None, {}, {"type": "object"}, {"type": "object", "properties": {}}, {"type": "object", "properties": {
        "level": {"type": "integer", "enum": [1, 2]}, "tags": {"type": "array"},
        "u": {"type": "string", "format": "uri"}, "meta": {"type": "object"},
        "q": {"type": "string", "enum": ["", "a"]}}},
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
     "properties": {"a": {"type": ["string", "null"]}}},
    {"type": "object", "properties": {"list": {"type": "array", "items": {"$ref": "#/$defs/one"}, "minItems": 2}},
     "$defs": {"one": {"type": "object", "properties": {"n": {"type": "number", "minimum": 1}}, "required": ["n"]}}},
)  # fmt: skip
_ARGUMENTS: Final[st.SearchStrategy[Json]] = st.sampled_from(({}, {"city": "Oslo"}, {"a": {"b": ['"', "\\", "}"]}}))
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_OPTIONS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "stop": st.sampled_from(("END", " "))
    | st.lists(st.sampled_from(("END", "\n", " ", "a", "b", "c")), min_size=1, max_size=6, unique=True),
    "user": st.sampled_from(("u1", "x" * 300)),
    "schema": st.sampled_from(_SCHEMAS[4:]),
    "any_json": st.just(True),
    "effort": st.sampled_from(_EFFORTS),
    "temperature": st.sampled_from((0, 0.7, 1, 1.6, 2)),
    "top_p": st.sampled_from((0, 0.5, 1)),
    "max_tokens": st.sampled_from((1, 500, 3000, 32000)),
    "parallel": st.booleans(),
    "strict": st.just(True),
    "metadata": st.sampled_from(
        ({"trace": "a1"}, {"who": '{"id":"é"}', "": "x"}, {f"k{number}": "v" * 400 for number in range(16)})
    ),
    "stream": st.booleans(),
    "seed": st.integers(-1, 5),
    "penalty": st.sampled_from((-2, 0.5)),
    "logprobs": st.booleans(),
    "tier": st.sampled_from(("auto", "default", "flex", "priority")),
    "name": st.sampled_from(("bob", "Zoë <1>")),
}  # fmt: skip


def _is_visible(text: str) -> bool:
    return any(character.isprintable() and not character.isspace() for character in text)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    names = draw(st.lists(st.sampled_from(_NAMES), unique=True, max_size=4))
    tools = [(name, draw(st.sampled_from(_SCHEMAS))) for name in names]
    same = draw(st.sampled_from(_SAME_IDS)) if draw(_RARELY) else None
    ids = iter(draw(st.permutations(_IDS)))
    turns: list[Turn] = []
    for _ in range(draw(st.integers(0, 3))):
        turns.append(draw(_turn(names or list(_NAMES), same or (next(ids), next(ids)))))
    settings = draw(st.fixed_dictionaries({}, optional=_OPTIONS))
    is_asked = bool(turns) and any(map(_is_visible, turns[0].texts))
    last = "" if is_asked and draw(_RARELY) else draw(_TEXTS.filter(_is_visible))
    choice = draw(st.sampled_from((None, None, "auto", "required", "none", "named", "missing", "allowed")))
    return Conversation(draw(_ANY_TEXT), turns, last, tools, choice, settings)


@st.composite
def _turn(draw: st.DrawFn, names: list[str], ids: tuple[str, str]) -> Turn:
    files = st.lists(st.sampled_from(FILES), max_size=2)
    calls = [
        Call(
            ids[place], draw(st.sampled_from(names)), draw(_ARGUMENTS), draw(_ANY_TEXT), draw(st.booleans()),
            draw(files) if draw(_RARELY) else [],
        )
        for place in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    return Turn(
        draw(st.lists(_ANY_TEXT, min_size=1, max_size=2)),
        draw(files),
        draw(_ANY_TEXT),
        draw(st.sampled_from(("", "Hm.", " "))),
        draw(st.sampled_from(("", "c2ln", "google:c2ln"))),
        calls,
        draw(_ANY_TEXT) if draw(_RARELY) else "",
        "I cannot." if draw(_RARELY) else "",
        draw(_RARELY),
        draw(_ANY_TEXT) if draw(_RARELY) else "",
    )
