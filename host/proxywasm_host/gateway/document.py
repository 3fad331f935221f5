"""YAML as plain values, with the line of each, and with variables of the environment filled in.

Keys are texts and occur once in a mapping. Every text is valid for JSON and Envoy: Unicode without NUL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from .yaml_nodes import MOST_VALUES, YamlError, compose, is_plain, is_text, scalar, too_many, unknown_tag

Place: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""

_VARIABLE: Final = re.compile(r"\$\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}|\$\{ENV\b[^}]*\}?")
_UNFIT: Final = re.compile("[\0\ud800-\udfff]")
_MOST_TEXT: Final = 4 * 2**20
"""Characters of all texts, counted after aliases and variables are expanded."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in the file. `line` counts from 1."""

    line: int
    place: Place
    message: str


@dataclass(slots=True)
class Document:
    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def nearest(self, place: Place) -> Place:
        """The place if it exists, or else the nearest place that would contain it."""
        while place not in self.lines and place:
            place = place[:-1]
        return place

    def line(self, place: Place) -> int:
        """The line of a value, or else of the nearest value that would contain it."""
        return self.lines.get(self.nearest(place), 1)


def parse(text: str, environment: Mapping[str, str]) -> Document:
    """Parse a text. Problems are collected in the document, not raised."""
    document = Document()
    try:
        node = compose(text)
        if node is not None:
            document.value = _Builder(document, environment).build(node, (), ())
    except YamlError as error:
        document.problems.append(Problem(error.line, (), str(error)))
    return document


class _Builder:
    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self._document = document
        self._environment = environment
        self._values = self._text = 0

    def build(self, node: yaml.Node, place: Place, parents: tuple[yaml.Node, ...]) -> Any:
        self._document.lines.setdefault(place, node.start_mark.line + 1)
        self._values += 1
        if self._values > MOST_VALUES:
            raise YamlError(node.start_mark.line + 1, too_many())
        if node in parents:
            self._wrong(node, place, "refers to itself")
            return None
        if not isinstance(node, yaml.ScalarNode) and not is_plain(node):
            self._wrong(node, place, unknown_tag(node))
            return None
        match node:
            case yaml.MappingNode():
                return self._mapping(node, place, (*parents, node))
            case yaml.SequenceNode():
                return [self.build(item, (*place, index), (*parents, node)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        if is_text(node):
            return self._filled_in(node, place)
        try:
            return scalar(node)
        except ValueError as error:
            self._wrong(node, place, str(error))
            return None

    def _mapping(self, node: yaml.MappingNode, place: Place, parents: tuple[yaml.Node, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, place, "a key must be a text")
                continue
            name = self._fit(key, place, str(key.value))
            where = (*place, name)
            if name in result:
                self._wrong(key, where, f"is here a second time; the first is in line {self._document.line(where)}")
                continue
            self._document.lines[where] = key.start_mark.line + 1
            result[name] = self.build(value, where, parents)
        return result

    def _filled_in(self, node: yaml.ScalarNode, place: Place) -> str:
        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            if name is None:
                self._wrong(node, place, "a variable of the environment is written ${ENV:NAME}")
                return ""
            if not self._environment.get(name):
                state = "empty" if name in self._environment else "not set"
                self._wrong(node, place, f"the environment variable {name} is {state}; set it before you start")
            return self._counted(node, self._environment.get(name, ""))

        return self._fit(node, place, _VARIABLE.sub(value_of, self._counted(node, str(node.value))))

    def _counted(self, node: yaml.Node, text: str) -> str:
        self._text += len(text)
        if self._text > _MOST_TEXT:
            most = f"{_MOST_TEXT // 2**20} MiB"
            raise YamlError(
                node.start_mark.line + 1, f"more than {most} of text with all aliases and variables filled in"
            )
        return text

    def _fit(self, node: yaml.Node, place: Place, text: str) -> str:
        if unfit := _UNFIT.search(text):
            what = "NUL" if unfit[0] == "\0" else "half a surrogate pair"
            self._wrong(node, place, f"has {what} in it; remove it")
        return text

    def _wrong(self, node: yaml.Node, place: Place, message: str) -> None:
        self._document.problems.append(Problem(node.start_mark.line + 1, place, message))
