"""`modelMapping`: from the model that a client requests to the provider's name for it.

An exact name wins, then prefixes (`gpt-*`, the longest first) and regular expressions (`~...`) in the order of the
configuration, then `*`. An empty value keeps the name. Expressions use RE2's syntax, as in other gateways; loading the
configuration checks and compiles them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from proxywasm.config import Invalid

Rule = Callable[[str], str | None]
"""Returns the new name, "" to keep the old one, None if the rule does not match."""


class ModelMapping:
    """A compiled mapping; an empty one keeps every name."""

    def __init__(self, exact: dict[str, str], rules: list[Rule], fallback: str | None) -> None:
        self._exact = exact
        self._rules = rules
        self.fallback = fallback or ""
        """The value of `*`, also for requests without a model."""

    @property
    def names(self) -> tuple[str, ...]:
        """The exact names that clients may ask for."""
        return tuple(self._exact)

    def of(self, model: str) -> str:
        """The provider's name for it."""
        target = self._exact.get(model)
        if target is None:
            for rule in self._rules:
                target = rule(model)
                if target is not None:
                    break
            else:
                target = self.fallback
        return target or model


def compile_mapping(table: dict[str, str]) -> ModelMapping:
    """Raises `Invalid` for an expression that does not compile."""
    exact: dict[str, str] = {}
    prefixes: list[tuple[str, str]] = []
    # All prefixes are tried at the place of the first one, the longest first; expressions keep their order.
    rules: list[Rule | None] = []
    for key, value in table.items():
        if key == "*":
            continue
        if key.startswith("~"):
            rules.append(_expression(key[1:], value, f".{key}"))
        elif key.endswith("*"):
            if not prefixes:
                rules.append(None)
            prefixes.append((key[:-1], value))
        else:
            exact[key] = value
    prefixes.sort(key=lambda item: -len(item[0]))
    return ModelMapping(exact, [rule or _prefix(prefixes) for rule in rules], table.get("*"))


def _prefix(prefixes: list[tuple[str, str]]) -> Rule:
    def rule(model: str) -> str | None:
        for prefix, value in prefixes:
            if model.startswith(prefix):
                return value
        return None

    return rule


def compile_expression(source: str, at: str) -> re.Pattern[str]:
    """An expression in RE2's syntax. Raises `Invalid`."""
    try:
        return re.compile(_from_re2(source))
    except re.error as error:
        raise Invalid(f"not a regular expression: {error}", at) from None


def _expression(source: str, value: str, at: str) -> Rule:
    pattern = compile_expression(source, at)
    template = _template(value, pattern)

    def rule(model: str) -> str | None:
        if not pattern.search(model):
            return None
        return pattern.sub(lambda match: "".join([_group(match, part) for part in template]), model)

    return rule


_RE2_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "upper": "A-Z", "space": r"\t\n\v\f\r ",
    "word": r"\w", "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


def _from_re2(source: str) -> str:
    """Translates RE2's syntax to Python's. RE2's classes are ASCII; it has no look-around and no back references."""
    if found := re.search(r"(?<!\\)\(\?(<?[=!]|>|P=|\()|\\[1-9]", source):
        raise re.error(f"{found[0]} is not in the syntax of RE2", source, found.start())
    source = re.sub(r"\(\?<(\w+)>", r"(?P<\1>", source)
    source = re.sub(r"\[:(\w+):\]", lambda match: _RE2_CLASSES.get(match[1], match[0]), source)
    source = source.replace(r"\z", r"\Z")
    return f"(?a){source}" if not source.startswith("(?") or source.startswith(("(?P", "(?:")) else _flags(source)


def _flags(source: str) -> str:
    """Leading flags such as `(?i)`; Python has no `U` (swap greediness)."""
    flags = re.match(r"\(\?([a-zA-Z]+)\)", source)
    return f"(?a{flags[1]}){source[flags.end() :]}" if flags else f"(?a){source}"


# $1, ${1}, $name, ${name}, $$. As in Go the unbraced name is as long as possible: `$1x` is the group `1x`.
_REFERENCE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)


def _template(value: str, pattern: re.Pattern[str]) -> list[str | int]:
    """Literal texts and group numbers. An unknown group is empty, as in Go."""
    parts: list[str | int] = []
    position = 0
    for match in _REFERENCE.finditer(value):
        parts.append(value[position : match.start()])
        name = match[1] or match[2]
        if name is None:
            parts.append("$")
        elif name.isdigit():
            if len(name) < 5 and int(name) <= pattern.groups:  # Expressions do not have more groups.
                parts.append(int(name))
        elif name in pattern.groupindex:
            parts.append(pattern.groupindex[name])
        position = match.end()
    parts.append(value[position:])
    return parts


def _group(match: re.Match[str], part: str | int) -> str:
    return part if isinstance(part, str) else match[part] or ""
