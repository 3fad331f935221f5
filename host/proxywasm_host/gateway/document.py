"""YAML as plain values, with the line of each, and with what the environment has filled in.

Scalars are those of YAML 1.2's core schema (so of JSON): `no` is a text and not false, a date is a text, too. Keys are
texts and stand once in a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

Place: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""

_VARIABLE: Final = re.compile(r"\$\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}|\$\{ENV\b[^}]*\}?")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong. `line` counts from 1."""

    line: int
    place: Place
    message: str


@dataclass(slots=True)
class Document:
    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """Where a value stands, or else the nearest that it is part of."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own class attribute


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|True|TRUE|false|False|FALSE)$"), [*"tTfF"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), [*"-+0123456789"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$"),
    [*"-+0123456789"],
)


def parse(text: str, environment: Mapping[str, str]) -> Document:
    """All problems are in the document, none is raised."""
    document = Document()
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            document.value = _Builder(loader, document, environment).build(node, (), ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.problems.append(Problem(mark.line + 1 if mark else 1, (), f"is not YAML: {error.problem}"))
    except yaml.YAMLError as error:
        # Characters that YAML does not allow; the text of these errors has them, but not the line.
        document.problems.append(Problem(1, (), f"is not YAML: {str(error).splitlines()[0]}"))
    finally:
        loader.dispose()
    return document


class _Builder:
    def __init__(self, loader: _Loader, document: Document, environment: Mapping[str, str]) -> None:
        self._loader = loader
        self._document = document
        self._environment = environment

    def build(self, node: yaml.Node, place: Place, parents: tuple[yaml.Node, ...]) -> Any:
        self._document.lines.setdefault(place, node.start_mark.line + 1)
        if node in parents:
            self._wrong(node, place, "refers to itself")
            return None
        match node:
            case yaml.MappingNode():
                return self._mapping(node, place, (*parents, node))
            case yaml.SequenceNode():
                return [self.build(item, (*place, index), (*parents, node)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        if node.tag == "tag:yaml.org,2002:str":
            return self._filled_in(node, place)
        if node.tag not in _SCALARS:
            self._wrong(node, place, f"the tag {node.tag} is not known here")
            return None
        return self._loader.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, place: Place, parents: tuple[yaml.Node, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, place, "a key must be a text")
                continue
            name = str(key.value)
            where = (*place, name)
            if name in result:
                self._wrong(key, where, f"stands here a second time; the first is in line {self._document.line(where)}")
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
            return self._environment.get(name, "")

        return _VARIABLE.sub(value_of, str(node.value))

    def _wrong(self, node: yaml.Node, place: Place, message: str) -> None:
        self._document.problems.append(Problem(node.start_mark.line + 1, place, message))


_SCALARS: Final = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}
