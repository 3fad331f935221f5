"""Whether a text may have a credential in it: a few searches for bytes, which are all that most texts cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import AnyStr, Final

Forms = Callable[[bytes], Iterable[bytes]]
"""In what other forms a credential may stand in a text."""

_UNESCAPED: Final = re.compile(rb"[A-Za-z0-9_.~-]+")
"""What nobody has to escape, neither for JSON nor for a URL nor for HTML."""
_IN_ALL_BASE64: Final = re.compile(rb"[A-Za-z0-9]+")
_LONG: Final = 24
"""Bytes of a piece. The longer, the faster the search; but the search looks at each byte of it, too."""
_SHORT: Final = 3
"""Bytes that all credentials must begin with to be searched for together, as by `sk-`."""
_USUAL: Final = 4
"""Those of one token, and of the three ways in which base64 may have it."""
_ESCAPE: Final = rb"\\(?:u00[2-7]|[x/\\])|%[2-7]|&[#aqlg]"
"""How escapes of printable ASCII begin, see `escapes`. Those of line breaks and of Chinese, which are many, do not."""
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


def search(pieces: Sequence[bytes], signs: Sequence[bytes]) -> Callable[[bytes], bool]:
    """Whether one of the pieces stands in a text, or an escape that begins with one of the signs. Without pieces there
    is nothing to look for.
    """
    alternatives = b"|".join(map(re.escape, pieces))
    return _search(pieces, signs, re.compile(alternatives).search, re.compile(_ESCAPE).search)


def search_text(pieces: Sequence[bytes], signs: Sequence[bytes]) -> Callable[[str], bool]:
    """The same for what is no bytes yet. That a short text becomes bytes takes longer than to search it."""
    texts, escape = [piece.decode() for piece in pieces], re.compile(_ESCAPE.decode())
    alternatives = "|".join(map(re.escape, texts))
    return _search(texts, [sign.decode() for sign in signs], re.compile(alternatives).search, escape.search)


def _search(
    pieces: Sequence[AnyStr],
    signs: Sequence[AnyStr],
    any_piece: Callable[[AnyStr], object],
    any_escape: Callable[[AnyStr], object],
) -> Callable[[AnyStr], bool]:
    # `find`, not `in`, which for bytes asks first whether a number is meant, by way of an exception. Patterns are slow:
    # one that stands for many pieces, or looks at what follows a sign, is for texts that have one.
    if not pieces:
        return lambda _: False
    if len(pieces) == _USUAL:
        # The case of most configurations, for each event of a stream: without a loop it takes two thirds of the time.
        one, two, three, four = pieces
        sign, other, third = signs[0], signs[1], signs[-1]
        three_signs = len(signs) > 2

        def usual(text: AnyStr) -> bool:
            find = text.find
            if find(one) >= 0 or find(two) >= 0 or find(three) >= 0 or find(four) >= 0:
                return True
            if find(sign) < 0 and find(other) < 0 and (not three_signs or find(third) < 0):
                return False
            return any_escape(text) is not None

        return usual
    few = pieces if len(pieces) <= _MANY else ()

    def suspects(text: AnyStr) -> bool:
        find = text.find
        for piece in few:
            if find(piece) >= 0:
                return True
        if not few and any_piece(text) is not None:
            return True
        for sign in signs:
            if find(sign) >= 0:
                return any_escape(text) is not None
        return False

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
