"""`models` of a provider: which names of models clients reach there."""

from __future__ import annotations

from typing import Final

from proxywasm.config import Invalid

from ..model_mapping import compile_expression

_EXACT: Final = 1_000_000
_EXPRESSION: Final = 2
_ANY: Final = 1
_PREFIX: Final = 10


class ModelNames:
    """Exact names, prefixes `name*`, regular expressions `~...`, and `*` for all."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Raises `Invalid` for an empty name and for an expression that does not compile."""
        exact, prefixes, expressions = [], [], []
        for index, name in enumerate(names):
            if not name or name == "~":
                raise Invalid("must not be empty", f"[{index}]")
            if name.startswith("~"):
                expressions.append(compile_expression(name[1:], f"[{index}]"))
            elif name != "*" and name.endswith("*"):
                prefixes.append(name[:-1])
            elif name != "*":
                exact.append(name)
        self.exact: Final = tuple(dict.fromkeys(exact))
        """The exact names, which lists of models show."""
        self._prefixes = sorted(prefixes, key=len, reverse=True)
        self._expressions = expressions
        self._any = "*" in names

    @property
    def has_patterns(self) -> bool:
        """Whether there are names here that only the service knows."""
        return bool(self._prefixes or self._expressions or self._any)

    def __bool__(self) -> bool:
        return bool(self.exact or self._prefixes or self._expressions or self._any)

    def rank(self, model: str) -> int:
        """How specific the entry is that matches this name; 0: none does.

        An exact name is more specific than prefixes, a longer prefix than a shorter one, then come expressions and `*`.
        """
        if model in self.exact:
            return _EXACT
        for prefix in self._prefixes:
            if model.startswith(prefix):
                return _PREFIX + len(prefix)
        if any(expression.search(model) for expression in self._expressions):
            return _EXPRESSION
        return _ANY if self._any else 0
