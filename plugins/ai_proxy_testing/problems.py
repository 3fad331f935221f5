"""What is wrong with a document, told by the path of each place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

_BLANK = re.compile("[\\s\u200b-\u200f\u2060\ufeff\u00ad\u2800\u3164]*")


class Checker:
    """Collects problems. Each method says whether the value is right, so that a check can stop at a wrong one."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def need(self, condition: object, path: str, rule: str) -> bool:
        """The rule holds if `condition` is true."""
        if not condition:
            self.problems.append(f"{path}: {rule}")
        return bool(condition)

    def keys(self, value: Json, path: str, allowed: Collection[str], required: Collection[str] = ()) -> None:
        """An object has no other keys than `allowed` and `required`, and all of `required`."""
        for key in value:
            self.need(key in allowed or key in required, f"{path}.{key}", "is no field of this object")
        for key in required:
            self.need(key in value, f"{path}.{key}", "is missing")

    def text(self, value: Any, path: str, *, blank: bool = False) -> bool:
        """A text, which has a visible character unless `blank`."""
        if not self.need(isinstance(value, str), path, f"must be a text, is {type(value).__name__}"):
            return False
        return blank or self.need(not is_blank(value), path, "must have a visible character")

    def match(self, value: Any, path: str, pattern: str) -> bool:
        """A text of this form."""
        right = isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None
        return self.need(right, path, f"must match {pattern}, is {value!r:.80}")

    def one_of(self, value: Any, path: str, words: Collection[Any]) -> bool:
        """A word of a vocabulary."""
        try:
            known = value in words
        except TypeError:
            known = False
        return self.need(known, path, f"must be one of {sorted(map(str, words))}, is {value!r:.80}")

    def number(self, value: Any, path: str, least: float, most: float | None = None) -> bool:
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
        return self.need(
            right and value >= least and (most is None or value <= most),
            path,
            f"must be in {least}..{most}, is {value!r:.40}",
        )

    def objects(self, value: Any, path: str, *, empty: bool = False) -> Iterator[tuple[str, Json]]:
        """The objects of a list, each with its path."""
        if not self.need(isinstance(value, list), path, "must be a list"):
            return
        if not empty:
            self.need(value, path, "must not be empty")
        for index, one in enumerate(value):
            if self.need(isinstance(one, dict), f"{path}[{index}]", "must be an object"):
                yield f"{path}[{index}]", one

    def object(self, value: Any, path: str) -> Json:
        """The value if it is an object, otherwise an empty one."""
        return value if self.need(isinstance(value, dict), path, "must be an object") else {}


def is_blank(text: str) -> bool:
    return _BLANK.fullmatch(text) is not None
