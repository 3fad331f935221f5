"""Whether a text may have a credential in it: a few searches for bytes, which are all that most texts cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

Forms = Callable[[bytes], Iterable[bytes]]
"""In what other forms a credential may stand in a text."""

_UNESCAPED: Final = re.compile(rb"[A-Za-z0-9_.~-]+")
"""What nobody has to escape, neither for JSON nor for a URL nor for HTML."""
_IN_ALL_BASE64: Final = re.compile(rb"[A-Za-z0-9]+")
_LONG: Final = 24
"""Bytes of a piece. The longer, the faster the search; but the search looks at each byte of it, too."""
_SHORT: Final = 3
"""Bytes that all credentials must begin with to be searched for together, as by `sk-`."""
_MANY: Final = 8
"""More pieces than that are searched for by one regular expression."""


def _no_forms(_: bytes) -> Iterable[bytes]:
    return ()


def pieces(secrets: Sequence[str], forms: Forms = _no_forms) -> tuple[bytes, ...]:
    """One of these stands in every text with a credential in it, unless some of its characters are escaped that need
    not be.
    """
    roots = [secret.encode(errors="surrogatepass") for secret in secrets]
    common = _pieces_of(_common(roots), forms) if len(roots) > 1 else []
    if common and min(map(len, common)) >= _SHORT:
        return tuple(common)
    return tuple(dict.fromkeys(piece for root in roots for piece in _pieces_of(root, forms)))


def search(pieces: Sequence[bytes], *signs: bytes) -> Callable[[bytes], bool]:
    """Whether one of the pieces, or of the signs, stands in a text. Without pieces there is nothing to look for."""
    if not pieces:
        return lambda _: False
    if len(pieces) > _MANY:
        found = re.compile(b"|".join(map(re.escape, (*pieces, *signs)))).search
        return lambda text: found(text) is not None
    if len(pieces) == 4 and len(signs) == 2:
        return _any_of_six(*pieces, *signs)
    wanted = (*pieces, *signs)

    def suspects(text: bytes) -> bool:
        # `find`, not `in`, which for bytes asks first whether a number is meant, by way of an exception.
        find = text.find
        for piece in wanted:  # noqa: SIM110  # `any` would make a generator
            if find(piece) >= 0:
                return True
        return False

    return suspects


def _any_of_six(*wanted: bytes) -> Callable[[bytes], bool]:
    """The case of most configurations, for each event of a stream: without a loop it takes two thirds of the time."""
    one, two, three, four, five, six = wanted

    def suspects(text: bytes) -> bool:
        find = text.find
        return (
            find(one) >= 0 or find(two) >= 0 or find(three) >= 0 or find(four) >= 0 or find(five) >= 0 or find(six) >= 0
        )

    return suspects


def _common(roots: Sequence[bytes]) -> bytes:
    """What all begin with."""
    first, last = min(roots), max(roots)
    size = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:size]


def _pieces_of(root: bytes, forms: Forms) -> list[bytes]:
    """Of the credential and its forms: the longest part that nobody escapes; without one, what is in all texts."""
    found = [max(_UNESCAPED.findall(root), key=len, default=b"")]
    found += [max(_IN_ALL_BASE64.findall(form), key=len, default=b"") for form in forms(root)]
    return list(dict.fromkeys(piece[:_LONG] for piece in found))
