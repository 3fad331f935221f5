"""Masks credentials in texts: unescaped, escaped in any way that `escapes` knows, and in base64."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from json import dumps
from typing import Final

from . import escapes, suspicion

SHORTEST: Final = 8
"""Characters. Shorter credentials are not masked: they occur inside ordinary words."""

MASK: Final = b"***"

_CUTS: Final = 4
"""The most nested escapes that the end of a text may cut."""

_DOCUMENTS: Final = 4
"""The most nested JSON documents whose escapes of quotation marks and backslashes are found."""

_ANY: Final = "surrogatepass"
"""The error handler for encoding, which accepts every text."""

Mask = Callable[[int], bytes]
"""The mask for a credential of this many bytes."""


def _shown(_: int) -> bytes:
    return MASK


def same_length(size: int) -> bytes:
    """A mask of the same length, for texts whose length must not change."""
    return b"*" * size


class Scrubber:
    """Masks these credentials. It has no state, so all streams share it.

    Every chunk of every stream is searched, and nearly none has a credential. So `suspicion` does a quick test, and
    only texts that fail it are searched completely.
    """

    def __init__(self, tokens: Iterable[str], others: Iterable[str] = ()) -> None:
        """`tokens` are sent as they are, so they are also searched for in base64. `others` are signatures and the keys
        that make them.
        """
        self._tokens = _long(tokens)
        self._others = _long(others)
        plain = dict.fromkeys(form for secret in (*self._tokens, *self._others) for form in _forms(secret))
        coded = dict.fromkeys(form for secret in self._tokens for form in base64_forms(secret.encode(errors=_ANY)))
        self._needles = (*plain, *coded)
        self.shortest = min([len(needle.decode(errors="replace")) for needle in self._needles], default=1 << 30)
        """The fewest characters of a JSON string or a header with a credential."""
        if any(b'"' in needle for needle in self._needles):
            self.shortest = 0  # A credential could begin in one string and end in another.
        self._alphabet = b""
        pieces = suspicion.pieces(self._tokens, base64_forms) + suspicion.pieces(self._others)
        self.suspects_event = suspicion.search(pieces, (b"\\", b"%"))
        """Whether an event of a stream may contain a credential. Does not detect letters as HTML entities."""
        of_content = suspicion.search_text(pieces, (b"\\", b"%"))
        self.suspects_content = of_content if self.shortest else lambda _: True
        """The same for a text that will become a JSON string of an event."""
        self._suspects = suspicion.search(pieces, (b"\\", b"%", b"&"))
        self._suspects_text = suspicion.search_text(pieces, (b"\\", b"%", b"&"))
        self._lower = tuple(secret.lower() for secret in (*self._tokens, *self._others))
        self._lowered = tuple(set(self._lower) - {*self._tokens, *self._others})

    def __bool__(self) -> bool:
        """Whether there are credentials."""
        return bool(self._needles)

    def plus(self, tokens: Iterable[str], others: Iterable[str] = ()) -> Scrubber:
        """A scrubber that also masks these."""
        return Scrubber((*self._tokens, *tokens), (*self._others, *others))

    def clean(self, text: bytes, mask: Mask = _shown) -> bytes:
        """The text with each credential masked."""
        return self.remove(text, mask) if self._suspects(text) else text

    def clean_text(self, text: str) -> str:
        """The same for `str`. A text without credentials is returned unchanged."""
        if not self._suspects_text(text):
            return text
        data = text.encode(errors=_ANY)
        cleaned = self.remove(data)
        return text if cleaned is data else cleaned.decode(errors=_ANY)

    def knows(self, name: str) -> bool:
        """Whether a header's name contains a credential, in upper or lower case."""
        layers = [layer.text.lower() for layer in escapes.layers(name.lower().encode(errors=_ANY))]
        secrets = [secret.encode(errors=_ANY) for secret in self._lower]
        return any(secret in layer for secret in secrets for layer in layers)

    def suspects_fields(self, fields: Iterable[tuple[str, str]]) -> bool:
        """Whether names (in lower case) or values of header fields may contain a credential."""
        texts = [*chain.from_iterable(fields)]
        # The usual case: no name and no value is as long as a credential.
        if max(map(len, texts), default=0) < self.shortest:
            return False
        text = "\n".join(texts)
        if self._suspects_text(text):
            return True
        for secret in self._lowered:  # noqa: SIM110  # every answer runs this, and a generator costs two calls
            if secret in text:
                return True
        return False

    def remove(self, text: bytes, mask: Mask = _shown) -> bytes:
        """`clean` without the quick test."""
        spans = sorted(self._spans(text))
        if not spans:
            return text
        parts: list[bytes] = []
        at = 0
        for start, end in _merged(spans):
            parts += (text[at:start], mask(end - start))
            at = end
        return b"".join((*parts, text[at:]))

    def _spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        for layer in escapes.layers(text):
            for needle in self._needles:
                at = layer.text.find(needle)
                while at >= 0:
                    end = at + len(needle)
                    yield layer.origin(at), layer.origin(end)
                    at = layer.text.find(needle, end)

    # Texts that arrive in pieces.

    def safe_end(self, text: bytes) -> int:
        """The number of bytes that may be sent before the next piece arrives: the rest may begin a credential."""
        if not self._alphabet:
            self._alphabet = bytes({*b"".join(self._needles), *escapes.ALPHABET})
        if not text or text[-1] not in self._alphabet:
            return len(text)
        longest = max(map(len, self._needles), default=0)
        window = text[-escapes.LONGEST * (longest + 1) :]
        tail = window[len(window.rstrip(self._alphabet)) :]
        before = len(text) - len(tail)
        return min((before + at for at in self._beginnings(tail)), default=len(text))

    def _beginnings(self, tail: bytes) -> Iterator[int]:
        """The positions at which the beginning of a credential may be cut by the end of this piece."""
        for layer in _cut_layers(tail):
            whole = layer.text
            cut = whole[: escapes.open_end(whole)]
            if len(cut) < len(whole):
                yield layer.origin(len(cut))
            for needle in self._needles:
                for seen in (whole, cut):
                    if (at := _begins(seen, needle)) < len(seen):
                        yield layer.origin(at)


def _long(secrets: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(secret for secret in secrets if len(secret) >= SHORTEST))


def _cut_layers(tail: bytes) -> Iterator[escapes.Layer]:
    """The layers of the text, and of the text without the escape that its end may have cut, and so on."""
    for _ in range(_CUTS):
        for layer in escapes.layers(tail):
            yield layer
            if (end := escapes.open_end(layer.text)) < len(layer.text):
                tail = tail[: layer.origin(end)]
                break
        else:
            return


def _begins(text: bytes, needle: bytes) -> int:
    """The beginning of a needle that the end of the text cuts; the length of the text if it cuts none."""
    at = max(len(text) - len(needle) + 1, 0)
    first = needle[:1]
    while (at := text.find(first, at)) >= 0:
        if needle.startswith(text[at:]):
            return at
        at += 1
    return len(text)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The sorted spans with overlapping ones merged."""
    start = end = -1
    for first, last in spans:
        if first >= end:
            if end > 0:
                yield start, end
            start = first
        end = max(end, last)
    yield start, end


def _forms(secret: str) -> Iterator[bytes]:
    """The forms of a credential in a text whose escapes of printable ASCII are removed."""
    raw = secret.encode(errors=_ANY)
    for layer in escapes.layers(raw):
        yield layer.text  # A credential may contain escapes itself, which are removed from the text, too.
    for ascii_only in (True, False):
        written = secret
        for _ in range(_DOCUMENTS):
            written = dumps(written, ensure_ascii=ascii_only)[1:-1]
            yield written.encode(errors=_ANY)
    if " " in secret:
        yield secret.replace(" ", "+").encode(errors=_ANY)  # as in a form
    if "'" in secret:
        yield secret.replace("'", "\\'").encode(errors=_ANY)  # as in a program


def base64_forms(raw: bytes) -> Iterator[bytes]:
    """The base64 of a text after zero, one and two other bytes, without characters that depend on neighbours."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        inside = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))


NO_CREDENTIALS: Final = Scrubber(())
