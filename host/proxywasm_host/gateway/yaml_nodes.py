"""YAML as PyYAML's nodes, of bounded number and depth. Errors are reported with their line.

Scalars are those of YAML 1.2's core schema (so of JSON): `no` is a text and not false, a date is a text, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import yaml

from ..reading import shown, wrong_number

MOST_VALUES: Final = 20_000
"""Nodes of a file, with those that aliases repeat. The parser takes 0.1 ms for each."""
DEEPEST: Final = 64
"""Lists and mappings inside each other."""

_TAG: Final = "tag:yaml.org,2002:"


class YamlError(Exception):
    """`line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class AliasNode(yaml.ScalarNode):
    """`*name` in the text, where a reader wants to know where things are written."""

    def __init__(self, target: yaml.Node, event: Any) -> None:
        super().__init__(target.tag, "", event.start_mark, event.end_mark)
        self.target = target


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own class attribute

    def __init__(self, text: str, *, aliases: bool) -> None:
        super().__init__(text)
        self._values = self._depth = 0
        self._aliases = aliases

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._values += 1
        self._depth += 1
        if self._values > MOST_VALUES:
            raise YamlError(self.line + 1, too_many())
        if self._depth > DEEPEST:
            raise YamlError(self.line + 1, f"more than {DEEPEST} lists and mappings inside each other; nest them less")
        event: Any = None
        if self._aliases and self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node if event is None or node is None else AliasNode(node, event)


_NULL: Final = re.compile(r"^(~|null|Null|NULL|)$")
_BOOL: Final = re.compile(r"^(true|True|TRUE|false|False|FALSE)$")
_INT: Final = re.compile(r"^[-+]?(0|[1-9][0-9]*)$")
_FLOAT: Final = re.compile(r"^[-+]?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$")
_SCALARS: Final[dict[str, tuple[re.Pattern[str], list[str], Callable[[str], Any]]]] = {
    "null": (_NULL, ["~", "n", "N", ""], lambda _: None),
    "bool": (_BOOL, [*"tTfF"], lambda text: text.lower() == "true"),
    "int": (_INT, [*"-+0123456789"], int),
    "float": (_FLOAT, [*"-+0123456789"], float),
}
"""For each tag: the pattern of its text, the first characters of that, and the conversion to a value."""

for _name, (_pattern, _first, _value) in _SCALARS.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, _first)


def too_many() -> str:
    return f"more than {MOST_VALUES:,} values, counting what each alias (*name) stands for; write less in one file"


def compose(text: str, *, aliases: bool = False) -> yaml.Node | None:
    """The one document of a text; None: it is empty. With `aliases` they are nodes of their own. Raises `YamlError`."""
    try:
        loader = _Loader(text, aliases=aliases)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(line, f"the character U+{int(error.character):04X} must not be in YAML; remove it") from None
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        raise YamlError(line + 1, f"is not YAML: {shown(str(error.problem))} at column {column + 1}") from None
    except (ValueError, OverflowError):
        # PyYAML takes numbers of escapes and directives as they come: "\UFFFFFFFF", a version of 5,000 digits.
        raise YamlError(loader.line + 1, "is not YAML: there is no such character or version") from None
    finally:
        loader.dispose()


def is_text(node: yaml.ScalarNode) -> bool:
    return str(node.tag) == f"{_TAG}str"


def is_plain(node: yaml.Node) -> bool:
    """Whether a mapping or list has its standard tag."""
    return str(node.tag) == f"{_TAG}{'map' if isinstance(node, yaml.MappingNode) else 'seq'}"


def unknown_tag(node: yaml.Node) -> str:
    return f"the tag {shown(str(node.tag))} is not known here; leave it out"


def scalar(node: yaml.ScalarNode) -> Any:
    """The value of a scalar that is not a text. Raises `ValueError` with the reason if it has none."""
    known = _SCALARS.get(str(node.tag).removeprefix(_TAG))
    if known is None:
        raise ValueError(unknown_tag(node))
    text = str(node.value)
    pattern, _, value = known
    if not pattern.match(text):  # the tag is written in the file
        raise ValueError(f"is not written as the tag {node.tag} says; leave the tag out")
    if value in (int, float) and (wrong := wrong_number(text)):
        raise ValueError(wrong)
    return value(text)
