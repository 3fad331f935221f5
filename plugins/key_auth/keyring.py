"""The keys of all consumers, and whose key a client has sent.

How long the search takes must not say how much of a guessed key is right. So keys are found by a digest with a secret
of the running instance: a client cannot know the digest of any text, and what is compared differs everywhere if the
texts differ anywhere. What is found is compared once more, as a whole, in constant time (`hmac.compare_digest`); where
nothing is found, something else is compared.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Final

LONGEST: Final = 4096
"""Bytes of a key. A longer one is nobody's, and is not hashed."""
_HASHED: Final = re.compile(r"sha256:([0-9a-fA-F]{64})")
HASH_PREFIX: Final = "sha256:"


def stored_digest(credential: str) -> bytes:
    """The SHA-256 of a key that is stored as it is or as `sha256:` with 64 hexadecimal digits.

    Raises `ValueError` for one that is empty or too long, and for a hash that is none. Its text has no secret.
    """
    if credential.startswith(HASH_PREFIX):
        found = _HASHED.fullmatch(credential)
        if found is None:
            raise ValueError(f"must have 64 hexadecimal digits after {HASH_PREFIX}")
        return bytes.fromhex(found[1])
    data = _bytes(credential)
    if not 0 < len(data) <= LONGEST:
        raise ValueError(f"must have 1 to {LONGEST} bytes")
    return hashlib.sha256(data).digest()


def _bytes(text: str) -> bytes:
    """Bytes of a header that are not UTF-8 arrive as lone surrogates."""
    return text.encode(errors="surrogatepass")


class Keyring:
    """Whose each key is."""

    __slots__ = ("_by_digest", "_nobody", "_secret")

    def __init__(self, keys: Iterable[tuple[bytes, str]]) -> None:
        """`keys`: the SHA-256 of each key, and the name of its consumer."""
        self._secret: Final = secrets.token_bytes(32)
        self._by_digest: Final = {self._keyed(digest): (digest, name) for digest, name in keys}
        self._nobody: Final = (secrets.token_bytes(32), "")

    def consumer(self, key: str) -> str:
        """The name of the consumer that has this key; empty: none has."""
        data = _bytes(key)
        if len(data) > LONGEST:
            return ""
        digest = hashlib.sha256(data).digest()
        expected, name = self._by_digest.get(self._keyed(digest), self._nobody)
        return name if hmac.compare_digest(expected, digest) else ""

    def _keyed(self, digest: bytes) -> bytes:
        return hashlib.blake2b(digest, digest_size=16, key=self._secret).digest()
