"""The sections of a page, and which of them a translation was made from.

A translated page ends with a comment that has a line for each section of the English page: a hash of what was
translated, and the heading.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

_GENERATED: Final = re.compile(r"<!-- (\w+) -->\n.*?<!-- end of \1 -->", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_LANGUAGES: Final = re.compile(r"^.*简体中文.*$", re.MULTILINE)
_BLOCK: Final = re.compile(r"^( *)```[^\n]*\n.*?^\1```", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^(#+) (.*)$")
_CODE: Final = re.compile(r"`([^`\n]+)`")
_STAMP: Final = re.compile(r"\n*<!-- Translated from ([^\n]*)\n(.*?)-->\n*\Z", re.DOTALL)
_SHOWN: Final = 8
"""Digits of a hash."""


class Section(NamedTuple):
    level: int
    heading: str
    hash: str


def sections(text: str) -> list[Section]:
    """Generated tables, comments and the links to other languages do not count, nor how lines are broken."""
    found: list[tuple[int, str, list[str]]] = []
    for is_heading, line in _lines(_COMMENT.sub("", _LANGUAGES.sub("", _GENERATED.sub("", text)))):
        if is_heading and (match := _HEADING.match(line)):
            found.append((len(match[1]), match[2], [line]))
        elif found:
            found[-1][2].append(line)
    return [Section(level, heading, _hash(" ".join(" ".join(lines).split()))) for level, heading, lines in found]


def stamped(text: str) -> dict[str, str]:
    """The sections that a page was translated from: hash by heading."""
    match = _STAMP.search(text)
    lines = match[2].splitlines() if match else []
    return {heading: digits for digits, _, heading in (line.partition(" ") for line in lines)}


def with_stamp(text: str, name: str, source: str) -> str:
    """The page with the sections of its source, the English page of this name, as they are now."""
    lines = [f"{section.hash} {section.heading}\n" for section in sections(source)]
    head = f'<!-- Translated from {name}. See CONTRIBUTING.md, "Pages in Chinese".\n'
    return f"{_STAMP.sub('', text).rstrip()}\n\n{head}{''.join(lines)}-->\n"


def lag(text: str, source: str) -> Iterator[str]:
    """What has happened to the source since it was translated: a sentence for each section."""
    before = stamped(text)
    now = {section.heading: section.hash for section in sections(source)}
    for heading, digits in now.items():
        if heading not in before:
            yield f'the section "{heading}" is new'
        elif before[heading] != digits:
            yield f'the section "{heading}" has changed'
    for heading in before:
        if heading not in now:
            yield f'the section "{heading}" is gone'


def differences(text: str, source: str) -> Iterator[str]:
    """How a translation differs from its source as it must not: other sections, other blocks of code, names that are
    missing."""
    levels, expected = ([section.level for section in sections(each)] for each in (text, source))
    if levels != expected:
        yield f"it has {len(levels)} sections on levels {levels}, and the English page {len(expected)} on {expected}"
    blocks, expected_blocks = _blocks(text), _blocks(source)
    for block in expected_blocks - blocks:
        yield f"it has no such block of code as the English page, comments apart: {block.strip().splitlines()[:3]}"
    for block in blocks - expected_blocks:
        yield f"the English page has no such block of code, comments apart: {block.strip().splitlines()[:3]}"
    missing = sorted(_names(source) - _names(text))
    if missing:
        yield f"it lacks code that the English page has: {', '.join(f'`{name}`' for name in missing)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_SHOWN]


def _lines(text: str) -> Iterator[tuple[bool, str]]:
    """Each line, and whether it may be a heading: within code it is none."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        yield not fenced and line.startswith("#"), line


def _blocks(text: str) -> Counter[str]:
    """Blocks of code without their comments, which are translated, and without white space."""
    return Counter(
        "\n".join(" ".join(re.sub(r"(^|\s)#.*", "", line).split()) for line in match[0].splitlines())
        for match in _BLOCK.finditer(_GENERATED.sub("", text))
    )


def _names(text: str) -> set[str]:
    return set(_CODE.findall(_BLOCK.sub("", _COMMENT.sub("", _GENERATED.sub("", text)))))
