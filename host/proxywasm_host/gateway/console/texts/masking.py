"""A gateway file as text with placeholders for its secrets, and back.

What is between values, such as a comment, loses secrets that are known, and what looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import yaml

from ....recordings.masking.names import is_secret_setting
from ...document import Place, Problem
from ...yaml_nodes import YamlError
from . import rendering
from .names import SecretNames, hides, secret_key
from .secrets import PLACEHOLDER, Secrets
from .source import Scalar, Source, value_of
from .splicing import Splice, apply

_SETTING: Final = re.compile(r"""([\w-]+)(["']?[ \t]*[:=][ \t]*)([^\s#][^#\n]*)""")
"""A setting in a comment."""
_WORD: Final = re.compile(r"""[^\s,"'\[\]{}]+""")
_LOOKS: Final = re.compile(
    r"\b(?:sk|pk|rk|ghp|gho|xox[abp]|hf|gsk|glpat)[-_][A-Za-z0-9_-]{12,}|\bAKIA[A-Z0-9]{12,}|\bAIza[\w-]{30,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
)
"""Keys of well-known services."""


class Masked(NamedTuple):
    text: str
    found: list[tuple[str, Place, int]]
    """Placeholders in place of values, with the places and lines of these."""


def masked(text: str, secrets: Secrets, declared: SecretNames) -> Masked:
    """The text with placeholders. What is not YAML is masked as a comment is."""
    try:
        source = Source(text)
    except YamlError:
        return Masked(_without_secrets(text, secrets), [])
    splices: list[Splice] = []
    found: list[tuple[str, Place]] = []
    for scalar in source.scalars():
        value = value_of(scalar.node)
        name = None if scalar.is_key else secret_key(scalar.place, declared)
        if name is not None and hides(value):
            placeholder = secrets.placeholder(value, name)
            splices.append(_in_place(source, scalar.node, placeholder))
            found.append((placeholder, scalar.place))
    result = _gaps_masked(apply(text, splices), secrets)
    lines = _lines(result)
    return Masked(result, [(placeholder, place, lines.get(place, 1)) for placeholder, place in found])


def masked_value(value: Any, place: Place, secrets: Secrets, declared: SecretNames) -> Any:
    """A value of the file, or of what it is with all variables filled in."""
    match value:
        case dict():
            return {name: masked_value(each, (*place, name), secrets, declared) for name, each in value.items()}
        case list() | tuple():
            return [masked_value(each, (*place, index), secrets, declared) for index, each in enumerate(value)]
    name = secret_key(place, declared)
    if name is not None and hides(value):
        return secrets.placeholder(value, name)
    return _without_secrets(value, secrets) if isinstance(value, str) else value


class Unmasked(NamedTuple):
    text: str
    problems: list[Problem]
    """Placeholders that stand for nothing. Lines are those of the masked text."""


def unmasked(text: str, secrets: Secrets, before: str) -> Unmasked:
    """The text with the secrets. `before` is the text of the file, where something may look like a placeholder."""
    source = Source(text)
    originals = _written(before, secrets)
    splices: list[Splice] = []
    problems: list[Problem] = []
    values: list[tuple[Place, Any]] = []
    for place, node, is_key in source.scalars():
        written = str(node.value)
        for name in PLACEHOLDER.findall(written):
            if not _known(name, secrets) and name not in before:
                problems.append(Problem(int(node.start_mark.line) + 1, place, _UNKNOWN.format(name)))
        value = unmasked_value(written, secrets)
        if value != written and not is_key:
            start, end = source.start(node), source.end(node)
            original = originals.get(written) or (
                rendering.quoted(value) if isinstance(value, str) else rendering.flow(value)
            )
            splices.append(Splice(start, end, original))
            values.append((place, value))
    result = apply(text, splices)
    if not _has(result, values):  # as it was written, it does not fit here
        plain = [
            splice._replace(text=rendering.quoted(value) if isinstance(value, str) else rendering.flow(value))
            for splice, (_, value) in zip(splices, values, strict=True)
        ]
        result = apply(text, plain)
    return Unmasked(_gaps_unmasked(result, secrets), problems)


_UNKNOWN: Final = "{} stands for no value of the file; write the value, or ${{ENV:NAME}}"


def unmasked_value(value: Any, secrets: Secrets) -> Any:
    """A value that a client has sent. Placeholders that stand for nothing stay."""
    match value:
        case dict():
            return {name: unmasked_value(each, secrets) for name, each in value.items()}
        case list():
            return [unmasked_value(each, secrets) for each in value]
        case str() if "masked-" in value:
            if PLACEHOLDER.fullmatch(value):
                return secrets.value(value) if _known(value, secrets) else value
            return PLACEHOLDER.sub(lambda found: _text_of(found[0], secrets), value)
    return value


def unknown(value: Any, secrets: Secrets, before: str, place: Place) -> Iterator[Problem]:
    """Placeholders that stand for nothing."""
    match value:
        case dict():
            for name, each in value.items():
                yield from unknown(each, secrets, before, (*place, name))
        case list():
            for index, each in enumerate(value):
                yield from unknown(each, secrets, before, (*place, index))
        case str():
            for name in PLACEHOLDER.findall(value):
                if not _known(name, secrets) and name not in before:
                    yield Problem(0, place, _UNKNOWN.format(name))


def _known(placeholder: str, secrets: Secrets) -> bool:
    try:
        secrets.value(placeholder)
    except KeyError:
        return False
    return True


def _text_of(placeholder: str, secrets: Secrets) -> str:
    return str(secrets.value(placeholder)) if _known(placeholder, secrets) else placeholder


def _in_place(source: Source, node: yaml.ScalarNode, placeholder: str) -> Splice:
    """The placeholder in the place of a value, in its quotes."""
    start, end = source.start(node), source.end(node)
    quote = source.text[end - 1 : end] if node.style in ("'", '"') else ""
    return Splice(start, end, f"{quote}{placeholder}{quote}")


def _written(text: str, secrets: Secrets) -> dict[str, str]:
    """By placeholder, how the value is written in the file."""
    try:
        source = Source(text)
    except YamlError:
        return {}
    result: dict[str, str] = {}
    placeholders = {repr(secrets.value(name)): name for name in secrets.names()}
    for scalar in source.scalars():
        if (name := placeholders.get(repr(value_of(scalar.node)))) is not None:
            start, end = source.start(scalar.node), source.end(scalar.node)
            result.setdefault(name, source.text[start:end])
    return result


def _has(text: str, values: list[tuple[Place, Any]]) -> bool:
    try:
        source = Source(text)
    except YamlError:
        return False
    for place, value in values:
        node = source.node(place)
        if node is None or value_of(node) != value:
            return False
    return True


def _gaps(text: str) -> Iterator[tuple[int, int, Scalar | None]]:
    """The text in pieces: values and keys, and what is between them."""
    source = Source(text)
    at = 0
    spans = ((int(each.node.start_mark.index), source.end(each.node), each) for each in source.scalars())
    for start, end, scalar in sorted(spans, key=lambda span: span[0]):
        if start > at:
            yield at, start, None
        yield start, end, scalar
        at = max(end, at)
    if at < len(text):
        yield at, len(text), None


def _gaps_masked(text: str, secrets: Secrets) -> str:
    pieces = []
    known = [pair for pair in secrets.texts() if pair[0] in text]
    for start, end, scalar in _gaps(text):
        piece = text[start:end]
        if scalar is not None:
            piece = _known_replaced(piece, known)
        elif "#" in piece:
            piece = _without_secrets(piece, secrets)
        pieces.append(piece)
    return "".join(pieces)


def _gaps_unmasked(text: str, secrets: Secrets) -> str:
    if "masked-" not in text:
        return text
    pieces = []
    for start, end, scalar in _gaps(text):
        piece = text[start:end]
        if scalar is None:
            piece = PLACEHOLDER.sub(lambda found: _text_of(found[0], secrets), piece)
        pieces.append(piece)
    return "".join(pieces)


def _known_replaced(text: str, known: Sequence[tuple[str, str]]) -> str:
    for value, placeholder in known:
        if value in text:
            text = text.replace(value, placeholder)
    return text


def _without_secrets(text: str, secrets: Secrets) -> str:
    """Neither known secrets nor what looks like one."""

    def setting(found: re.Match[str]) -> str:
        name, sign, value = found.groups()
        if not is_secret_setting(name):
            return found[0]
        hidden = _WORD.sub(
            lambda word: (
                secrets.placeholder(word[0], name)
                if len(word[0]) >= _SHORTEST and hides(word[0]) and not PLACEHOLDER.fullmatch(word[0])
                else word[0]
            ),
            value,
        )
        return f"{name}{sign}{hidden}"

    text = _known_replaced(text, secrets.texts())
    text = _SETTING.sub(setting, text)
    return _LOOKS.sub(lambda found: secrets.placeholder(found[0], "key"), text)


_SHORTEST: Final = 8
"""Characters of a word of a comment that may be a secret."""


def _lines(text: str) -> dict[Place, int]:
    return {scalar.place: int(scalar.node.start_mark.line) + 1 for scalar in Source(text).scalars()}
