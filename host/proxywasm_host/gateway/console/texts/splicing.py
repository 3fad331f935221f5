"""A new value, put into a YAML text where it differs: comments, quotes and layout of everything else stay.

The result is read again: it has to have the new value, and all other values as they were.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import yaml

from ...document import Place
from ...yaml_nodes import AliasNode, YamlError
from . import rendering
from .source import Source, value_of


class SpliceError(Exception):
    """The value cannot be put into the text; the message says what to do instead."""


class Splice(NamedTuple):
    start: int
    end: int
    text: str


def spliced(text: str, place: Place, new: Any) -> str:
    """The text with a new value at this place, whose parent has to be there.

    Raises `SpliceError`, and `YamlError` if the text is not YAML.
    """
    source = Source(text)
    wanted = _replaced(source.value, place, new)
    splicer = _Splicer(source)
    for splices in (splicer.at, splicer.whole):
        try:
            result = apply(text, splices(place, new))
            if _same(Source(result).value, wanted):
                return result
        except YamlError:
            continue
    where = ".".join(map(str, place))
    raise SpliceError(f"{where} cannot be changed without other places that share it by an anchor; edit the text")


def apply(text: str, splices: Iterable[Splice]) -> str:
    """Splices do not overlap. Of those at the same place the first comes first."""
    pieces: list[str] = []
    at = 0
    for start, end, new in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def _same(one: Any, other: Any) -> bool:
    """Also of the same types: 1, 1.0 and true are different."""
    return json.dumps(one) == json.dumps(other)


def _replaced(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return new
    step, rest = place[0], place[1:]
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [_replaced(each, rest, new) if index == step else each for index, each in enumerate(value)]
    if isinstance(value, dict):
        return {**value, str(step): _replaced(value.get(str(step)), rest, new)}
    raise SpliceError("there is no such place in the file")


class _Splicer:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._break = "\r\n" if "\r\n" in source.text else "\n"

    def at(self, place: Place, new: Any) -> list[Splice]:
        """Where the new value differs from what is there."""
        parent, key, node = self._found(place)
        if node is None:
            return [*self._added(parent, str(place[-1]), new)]
        return [*self._changed(key, node, new)]

    def whole(self, place: Place, new: Any) -> list[Splice]:
        """The new value in place of all that is there."""
        parent, key, node = self._found(place)
        if node is None:
            return [*self._added(parent, str(place[-1]), new)]
        if key is not None and isinstance(parent, yaml.MappingNode) and not parent.flow_style:
            colon = self._text.index(":", int(key.end_mark.index)) + 1
            lines = rendering.after(new, int(key.start_mark.column)).replace("\n", self._break)
            return [Splice(colon, max(self._source.end(node), colon), lines)]
        return [*self._inline(key, node, new)]

    def _found(self, place: Place) -> tuple[yaml.Node, yaml.Node | None, yaml.Node | None]:
        """The parent; the key, if that is a mapping; and the value."""
        parent = self._source.node(place[:-1])
        if isinstance(parent, yaml.MappingNode):
            pair = next(((key, value) for key, value in parent.value if key.value == place[-1]), (None, None))
            return parent, *pair
        if parent is None:
            raise SpliceError("there is no such place in the file, or only by an alias; edit the text")
        return parent, None, self._source.node(place)

    def _changed(self, key: yaml.Node | None, node: yaml.Node, new: Any) -> Iterator[Splice]:
        old = value_of(node)
        if _same(old, new):
            return
        if isinstance(node, yaml.MappingNode) and isinstance(new, dict) and new and old:
            if not node.flow_style:
                yield from self._mapping(node, new)
                return
            if old.keys() == new.keys():
                for name, value in node.value:
                    yield from self._changed(name, value, new[str(name.value)])
                return
        if isinstance(node, yaml.SequenceNode) and isinstance(new, list) and new and old:
            if not node.flow_style:
                yield from self._sequence(node, old, new)
                return
            if len(old) == len(new):
                for item, value in zip(node.value, new, strict=True):
                    yield from self._changed(None, item, value)
                return
        yield from self._inline(key, node, new)

    def _mapping(self, node: yaml.MappingNode, new: dict[str, Any]) -> Iterator[Splice]:
        kept = False
        for key, value in node.value:
            name = str(key.value)
            if name in new:
                kept = True
                yield from self._changed(key, value, new[name])
        if not kept:  # nothing is left to hold on to
            raise YamlError(0, "")
        for key, value in node.value:
            if str(key.value) not in new:
                yield self._lines(int(key.start_mark.index), self._source.end(value))
        old = {str(key.value) for key, _ in node.value}
        for name, each in new.items():
            if name not in old:
                yield from self._added(node, name, each)

    def _sequence(self, node: yaml.SequenceNode, old: list[Any], new: list[Any]) -> Iterator[Splice]:
        column = int(node.start_mark.column)
        before, after = ([json.dumps(each) for each in values] for values in (old, new))
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        for kind, start, end, first, last in matcher.get_opcodes():
            if kind == "equal":
                continue
            both = min(end - start, last - first)
            for offset in range(both):
                yield from self._changed(None, node.value[start + offset], new[first + offset])
            for item in node.value[start + both : end]:
                yield self._lines(self._dash(item, column), self._source.end(item))
            if first + both < last:
                behind = start + both
                lines = "".join(rendering.item(each, column) for each in new[first + both : last])
                at = (
                    self._line_start(self._dash(node.value[behind], column))
                    if behind < len(node.value)
                    else self._line_end(self._source.end(node.value[-1]))
                )
                yield self._inserted(at, lines)

    def _added(self, parent: yaml.Node, name: str, value: Any) -> Iterator[Splice]:
        """A key that the mapping does not have."""
        if not isinstance(parent, yaml.MappingNode) or not parent.value:
            raise SpliceError("there is no such place in the file; edit the text")
        if parent.flow_style:
            last = self._source.end(parent.value[-1][1])
            yield Splice(last, last, f", {rendering.text(name)}: {rendering.flow(value)}")
            return
        column = int(parent.value[0][0].start_mark.column)
        at = self._line_end(self._source.end(parent.value[-1][1]))
        yield self._inserted(at, rendering.entry(name, value, column))

    def _inline(self, key: yaml.Node | None, node: yaml.Node, new: Any) -> Iterator[Splice]:
        """The value in place of the old one."""
        start, end = int(node.start_mark.index), self._source.end(node)
        if key is not None and int(node.start_mark.line) > int(key.end_mark.line):
            start = self._text.index(":", int(key.end_mark.index)) + 1
        elif start == end and not self._text[start - 1 : start].isspace():  # `key:` without a value
            yield Splice(start, end, f" {rendering.flow(new)}")
            return
        if isinstance(node, AliasNode) or start >= int(node.start_mark.index):
            yield Splice(start, max(end, start), rendering.flow(new))
        else:
            yield Splice(start, end, f" {rendering.flow(new)}")

    # Lines.

    def _lines(self, start: int, end: int) -> Splice:
        """The whole lines from here to there. What shares the first line, `- ` in front of a mapping, stays."""
        line = self._line_start(start)
        if (before := self._text[line:start]).strip():
            following = self._line_end(end)
            indent = len(self._text[following:]) - len(self._text[following:].lstrip(" "))
            if indent != len(before):
                raise YamlError(0, "")  # the next key cannot move up to the dash
            return Splice(start, following + indent, "")
        return Splice(line, self._line_end(end), "")

    def _inserted(self, at: int, lines: str) -> Splice:
        if self._break != "\n":
            lines = lines.replace("\n", self._break)
        if at and self._text[at - 1] != "\n":  # the last line of the file has no end
            lines = self._break + lines.removesuffix(self._break)
        return Splice(at, at, lines)

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        found = self._text.find("\n", at)
        return len(self._text) if found < 0 else found + 1

    def _dash(self, item: yaml.Node, column: int) -> int:
        """Where the dash of an item is."""
        line = self._line_start(int(item.start_mark.index))
        while self._text[line + column : line + column + 1] != "-":
            line = self._line_start(line - 1)
        return line + column
