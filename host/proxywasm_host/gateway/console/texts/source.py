"""YAML with the place of each value in the text. Variables of the environment are left as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import yaml

from ...document import Place
from ...yaml_nodes import MOST_VALUES, AliasNode, YamlError, compose, is_plain, is_text, scalar, too_many, unknown_tag

_PROPERTIES: Final = re.compile(r"(?:[&!]\S*[ \t]+)+")


class Source:
    """A text that is YAML. Raises `YamlError` if it is not, or has values that a gateway file cannot have."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = compose(text, aliases=True)
        self.value = None if self.root is None else value_of(self.root)

    def node(self, place: Place) -> yaml.Node | None:
        """What is written there. None: nothing, or an alias leads there."""
        node = self.root
        for step in place:
            node = child(node, step)
        return node

    def scalars(self) -> Iterator[Scalar]:
        """All values that are written, in the order of the text, and the keys of mappings."""
        if self.root is not None:
            yield from _scalars(self.root, ())

    def start(self, node: yaml.ScalarNode) -> int:
        """Where the value of a scalar begins, behind its anchor and tag."""
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        found = _PROPERTIES.match(self.text, start, end)
        return start if found is None else found.end()

    def end(self, node: yaml.Node) -> int:
        """Where the text of a node ends. Of a block, PyYAML says where the next one begins."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self.end(last[1] if isinstance(node, yaml.MappingNode) else last)
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        return start + len(self.text[start:end].rstrip())


class Scalar(NamedTuple):
    place: Place
    node: yaml.ScalarNode
    is_key: bool


def value_of(node: yaml.Node) -> Any:
    """The value, as JSON has it. Raises `YamlError`."""
    return _Values().of(node, ())


class _Values:
    """Counts values, also those that aliases repeat."""

    def __init__(self) -> None:
        self._count = 0

    def of(self, node: yaml.Node, parents: tuple[yaml.Node, ...]) -> Any:
        line = int(node.start_mark.line) + 1
        self._count += 1
        if self._count > MOST_VALUES:
            raise YamlError(line, too_many())
        if isinstance(node, AliasNode):
            return self.of(node.target, parents)
        if node in parents:
            raise YamlError(line, "refers to itself")
        parents = (*parents, node)
        if isinstance(node, yaml.MappingNode) and is_plain(node):
            return {str(key.value): self.of(value, parents) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode) and is_plain(node):
            return [self.of(item, parents) for item in node.value]
        if not isinstance(node, yaml.ScalarNode):
            raise YamlError(line, unknown_tag(node))
        try:
            return str(node.value) if is_text(node) else scalar(node)
        except ValueError as error:
            raise YamlError(line, str(error)) from None


def child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None


def _scalars(node: yaml.Node, place: Place) -> Iterator[Scalar]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield Scalar((*place, str(key.value)), key, is_key=True)
                yield from _scalars(value, (*place, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _scalars(item, (*place, index))
    elif isinstance(node, yaml.ScalarNode) and not isinstance(node, AliasNode):
        yield Scalar(place, node, is_key=False)
