"""Texts without credentials: as they are, escaped in any way that `escapes` knows, and in base64."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from json import dumps
from typing import Final

from . import escapes, suspicion

SHORTEST: Final = 8
"""Characters. What is shorter than any real key may be part of a word."""

MASK: Final = b"***"

_CUTS: Final = 4
"""How many escapes within each other the end of a text may cut."""

_DOCUMENTS: Final = 4
"""Documents of JSON within each other whose quotation marks and backslashes are known."""

_ANY: Final = "surrogatepass"
"""How texts become bytes that may hold anything."""

Mask = Callable[[int], bytes]
"""What stands in the place of so many bytes."""


def _shown(_: int) -> bytes:
    return MASK


def same_length(size: int) -> bytes:
    """A mask for texts whose length must stay."""
    return b"*" * size


class Scrubber:
    """Removes these credentials. The same for all streams; nothing of a text is kept here.

    Nearly no text has a credential in it, and each chunk of each stream has to pass. So `suspicion` tells first whether
    there may be one; only then it is looked for in earnest.
    """

    def __init__(self, tokens: Iterable[str], others: Iterable[str] = ()) -> None:
        """`tokens` are looked for in base64, too: what is sent as it is may come back like that. `others` are
        signatures, and what they are made with.
        """
        self._tokens = _long(tokens)
        self._others = _long(others)
        plain = dict.fromkeys(form for secret in (*self._tokens, *self._others) for form in _forms(secret))
        coded = dict.fromkeys(form for secret in self._tokens for form in base64_forms(secret.encode(errors=_ANY)))
        self._needles = (*plain, *coded)
        self.shortest = min([len(needle.decode(errors="replace")) for needle in self._needles], default=1 << 30)
        """Characters that a JSON string or a header with a credential in it has at least."""
        if any(b'"' in needle for needle in self._needles):
            self.shortest = 0  # It could begin in one string and end in another.
        self._alphabet = b""
        pieces = suspicion.pieces(self._tokens, base64_forms) + suspicion.pieces(self._others)
        self.suspects_event = suspicion.search(pieces, (b"\\", b"%"))
        """Whether an event of a stream may have something to `remove`. Letters written as HTML entities escape it."""
        of_content = suspicion.search_text(pieces, (b"\\", b"%"))
        self.suspects_content = of_content if self.shortest else lambda _: True
        """The same for a JSON string that is about to be written into one."""
        self._suspects = suspicion.search(pieces, (b"\\", b"%", b"&"))
        self._suspects_text = suspicion.search_text(pieces, (b"\\", b"%", b"&"))
        self._lower = tuple(secret.lower() for secret in (*self._tokens, *self._others))

    def __bool__(self) -> bool:
        """Whether there is anything to remove."""
        return bool(self._needles)

    def plus(self, tokens: Iterable[str], others: Iterable[str] = ()) -> Scrubber:
        """One that removes these as well."""
        return Scrubber((*self._tokens, *tokens), (*self._others, *others))

    def clean(self, text: bytes, mask: Mask = _shown) -> bytes:
        """The text, with a mask in the place of each credential."""
        return self.remove(text, mask) if self._suspects(text) else text

    def clean_text(self, text: str) -> str:
        """The same for a text in the plugin's hands; one that nothing is removed from stays as it is."""
        if not self._suspects_text(text):
            return text
        data = text.encode(errors=_ANY)
        cleaned = self.remove(data)
        return text if cleaned is data else cleaned.decode(errors=_ANY)

    def knows(self, name: str) -> bool:
        """Whether a credential stands in a header's name, whatever happened to upper and lower case."""
        layers = [layer.text.lower() for layer in escapes.layers(name.lower().encode(errors=_ANY))]
        secrets = [secret.encode(errors=_ANY) for secret in self._lower]
        return any(secret in layer for secret in secrets for layer in layers)

    def suspects_header(self, text: str) -> bool:
        """Whether names, which are in lower case, or values of headers may have a credential in them."""
        return self._suspects_text(text) or any(secret in text for secret in self._lower)

    def remove(self, text: bytes, mask: Mask = _shown) -> bytes:
        """What `clean` does with a text that it suspects."""
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

    # Texts that come in pieces.

    def safe_end(self, text: bytes) -> int:
        """How much of a text may go on before it is known how it continues: all before what may begin a credential."""
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
        """Where, in a text that goes on, something begins that may become a credential."""
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
    """Those of the text and, as an escape at its end may be cut, of what stands before that, and so on."""
    for _ in range(_CUTS):
        for layer in escapes.layers(tail):
            yield layer
            if (end := escapes.open_end(layer.text)) < len(layer.text):
                tail = tail[: layer.origin(end)]
                break
        else:
            return


def _begins(text: bytes, needle: bytes) -> int:
    """Where the needle begins that the end of the text cuts; the text's length if it does not."""
    at = max(len(text) - len(needle) + 1, 0)
    first = needle[:1]
    while (at := text.find(first, at)) >= 0:
        if needle.startswith(text[at:]):
            return at
        at += 1
    return len(text)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Without overlaps; they come in order."""
    start = end = -1
    for first, last in spans:
        if first >= end:
            if end > 0:
                yield start, end
            start = first
        end = max(end, last)
    yield start, end


def _forms(secret: str) -> Iterator[bytes]:
    """A credential as it may stand in a text without escapes, or with those of characters that no key has."""
    raw = secret.encode(errors=_ANY)
    for layer in escapes.layers(raw):
        yield layer.text  # What looks like an escape in it is not to be found any more where the escapes are gone.
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
    """In base64, with no, one and two bytes before it: only what does not depend on what stands around it."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        inside = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))


NO_CREDENTIALS: Final = Scrubber(())
