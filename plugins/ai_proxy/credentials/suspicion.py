"""Quick test whether a text may contain a credential: a few searches for bytes, enough for nearly all texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import AnyStr, Final

Forms = Callable[[bytes], Iterable[bytes]]
"""Other forms of a credential, such as base64."""

_UNESCAPED: Final = re.compile(rb"[A-Za-z0-9_.~-]+")
"""Characters that need no escape in JSON, URLs and HTML."""
_IN_ALL_BASE64: Final = re.compile(rb"[A-Za-z0-9]+")
_LONG: Final = 24
"""Bytes of a piece. Longer pieces are found faster, but comparing them takes longer."""
_SHORT: Final = 3
"""Bytes of the shortest common prefix (such as `sk-`) for which all credentials are searched together."""
_USUAL: Final = 4
"""The number of pieces of one token: its own, and three for its forms in base64."""
_ESCAPE: Final = rb"\\(?:u00[2-7]|[x/\\])|%[2-7]|&[#aqlg]"
"""The beginning of escapes of printable ASCII, see `escapes`. Frequent escapes (line breaks, Chinese) do not match."""
_MANY: Final = 8
"""Above this number of pieces, one regular expression searches for all of them."""


def _no_forms(_: bytes) -> Iterable[bytes]:
    return ()


def pieces(secrets: Sequence[str], forms: Forms = _no_forms) -> tuple[bytes, ...]:
    """Every text with a credential contains one of these, unless it escapes characters that need no escape."""
    roots = [secret.encode(errors="surrogatepass") for secret in secrets]
    common = _pieces_of(_common(roots), forms) if len(roots) > 1 else []
    if common and min(map(len, common)) >= _SHORT:
        return tuple(common)
    return tuple(dict.fromkeys(piece for root in roots for piece in _pieces_of(root, forms)))


def search(pieces: Sequence[bytes], signs: Sequence[bytes]) -> Callable[[bytes], bool]:
    """A test whether a text contains one of the pieces, or an escape that begins with one of the signs. Without pieces
    it is always False.
    """
    alternatives = b"|".join(map(re.escape, pieces))
    return _search(pieces, signs, re.compile(alternatives).search, re.compile(_ESCAPE).search)


def search_text(pieces: Sequence[bytes], signs: Sequence[bytes]) -> Callable[[str], bool]:
    """The same for `str`: encoding a short text takes longer than searching it."""
    texts, escape = [piece.decode() for piece in pieces], re.compile(_ESCAPE.decode())
    alternatives = "|".join(map(re.escape, texts))
    return _search(texts, [sign.decode() for sign in signs], re.compile(alternatives).search, escape.search)


def _search(
    pieces: Sequence[AnyStr],
    signs: Sequence[AnyStr],
    any_piece: Callable[[AnyStr], object],
    any_escape: Callable[[AnyStr], object],
) -> Callable[[AnyStr], bool]:
    # `find`, not `in`: for bytes, `in` first tries a number, with an exception. Regular expressions are slow, so they
    # are only used for many pieces and for texts with a sign.
    if not pieces:
        return lambda _: False
    if len(pieces) == _USUAL:
        # The usual case, for each event of a stream. Without a loop it takes two thirds of the time.
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
    """The common prefix."""
    first, last = min(roots), max(roots)
    size = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:size]


def _pieces_of(root: bytes, forms: Forms) -> list[bytes]:
    """For the credential and each of its forms: the longest part without characters that may be escaped."""
    found = [max(_UNESCAPED.findall(root), key=len, default=b"")]
    found += [max(_IN_ALL_BASE64.findall(form), key=len, default=b"") for form in forms(root)]
    return list(dict.fromkeys(piece[:_LONG] for piece in found))
