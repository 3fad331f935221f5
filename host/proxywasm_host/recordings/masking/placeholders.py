"""Put placeholders in place of credentials: each credential has its own, wherever and however it is written.

A plugin that is configured with placeholders does with them what it did with the credentials, so a recording with
placeholders can be replayed. `masked-apiTokens-1-2` is the second item of the first `apiTokens`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Final

from .patterns import Read, Secret

MADE: Final = "masked-signature"
"""In place of what a plugin computes with a credential: a replay, which has another one, computes something else."""
SHORTEST: Final = 8
"""A shorter credential is replaced where credentials are, and not looked for in other text: `ollama` is a word."""

_PLACEHOLDER: Final = re.compile(r"masked-(?:signature|[A-Za-z0-9]+(?:-[0-9]+){1,2})")
_JWT: Final = re.compile(rb"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}")
_SIGNATURE: Final = re.compile(rb"(?<=\bSignature=)[0-9A-Fa-f]{64}\b", re.I)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")

Span = tuple[int, int, bytes]
"""Beginning and end of what is replaced, and by what."""


class Placeholders:
    """Those of one recording."""

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._secrets: list[Secret] = []
        self._counts: dict[str, int] = {}

    def add(self, value: str, group: str, item: int | None = None) -> str:
        """The placeholder of a credential; `group` comes from `group`, `item` counts within it."""
        if _PLACEHOLDER.fullmatch(value):
            return value  # of a recording
        if (known := self._exact.get(value)) is not None:
            return known
        placeholder = group if item is None else f"{group}-{item}"
        self.learn(value, placeholder)
        return placeholder

    def learn(self, value: str, placeholder: str) -> None:
        self._exact[value] = placeholder
        if len(value) >= SHORTEST:
            self._secrets.append(Secret(value, placeholder))
            self._secrets.sort(key=lambda secret: len(secret.raw), reverse=True)
        if value.strip() not in self._exact:
            self.learn(value.strip(), placeholder)

    def group(self, name: str) -> str:
        """A new name for credentials of this header, key or field."""
        word = re.sub("[^A-Za-z0-9]", "", name)[:40] or "secret"
        self._counts[word] = self._counts.get(word, 0) + 1
        return f"masked-{word}-{self._counts[word]}"

    @property
    def values(self) -> list[str]:
        """The credentials that have placeholders."""
        return list(self._exact)

    def exact(self, value: str) -> str | None:
        """The placeholder of a text that is a credential as a whole."""
        return self._exact.get(value) or self._exact.get(value.strip())

    # In texts.

    def text(self, text: str) -> str:
        return self.data(text.encode(errors="surrogateescape")).decode(errors="surrogateescape")

    def data(self, data: bytes) -> bytes:
        return self.chunks((data,))[0]

    def chunks(self, chunks: Sequence[bytes]) -> tuple[bytes, ...]:
        """A body. What is cut over several chunks is in the first of them then."""
        data = b"".join(chunks)
        spans = self._spans(data)
        if not spans:
            return tuple(chunks)
        result, start = [], 0
        for chunk in chunks:
            result.append(b"".join(_replaced(data, start, start + len(chunk), spans)))
            start += len(chunk)
        return tuple(result)

    def leak(self, text: str) -> str | None:
        """The placeholder of a credential that can still be read in a text."""
        read = Read(text.encode(errors="surrogateescape"))
        return next((secret.placeholder for secret in self._secrets if secret.is_in(read)), None)

    def _spans(self, data: bytes) -> list[Span]:
        read = Read(data)
        found: list[Span] = []
        for secret in self._secrets:
            if secret.may_be_in(read):
                found += secret.find(data)
        found += [(*match.span(), MADE.encode()) for match in (*_JWT.finditer(data), *_SIGNATURE.finditer(data))]
        spans = _apart(found)
        coded = [secret for secret in self._secrets if secret.in_base64(read)]
        return _apart([*spans, *self._in_base64(data, coded)]) if coded else spans

    def _in_base64(self, data: bytes, secrets: list[Secret]) -> Iterator[Span]:
        for run in _BASE64.finditer(data):
            for secret in secrets:
                if (form := secret.in_base64(Read(run[0]))) is None:
                    continue
                if (again := self._coded_again(run[0])) is not None:
                    yield (*run.span(), again)
                else:
                    start = run.start() + run[0].index(form)
                    yield start, start + len(form), secret.placeholder.encode()
                break

    def _coded_again(self, run: bytes) -> bytes | None:
        """Base64 of the same content with placeholders."""
        plain = run.rstrip(b"=")
        standard = plain.translate(bytes.maketrans(b"-_", b"+/"))
        try:
            content = base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
        except binascii.Error:
            return None
        masked = self.data(content)
        if masked == content:
            return None
        again = base64.b64encode(masked)
        if b"-" in plain or b"_" in plain:
            again = again.translate(bytes.maketrans(b"+/", b"-_"))
        return again if run.endswith(b"=") or len(plain) % 4 == 0 else again.rstrip(b"=")


def _apart(spans: Sequence[Span]) -> list[Span]:
    """In the order of the text. Of those that overlap, the first one, and of those that begin together the longest."""
    apart: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not apart or apart[-1][1] <= span[0]:
            apart.append(span)
    return apart


def _replaced(data: bytes, start: int, end: int, spans: Sequence[Span]) -> Iterator[bytes]:
    """The pieces of a part of the text. A replacement belongs to the part in which it begins."""
    at = start
    for first, last, replacement in spans:
        if last <= start or first >= end:
            continue
        if first >= start:
            yield data[at:first]
            yield replacement
        at = min(last, end)
    yield data[at:end]
