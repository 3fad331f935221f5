"""RSA private keys from PEM files (RFC 7468, RFC 5208, RFC 8017)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, NamedTuple

from . import der

_RSA: Final = bytes.fromhex("2a864886f70d010101")  # 1.2.840.113549.1.1.1, rsaEncryption
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----(.+?)-----END \1-----", re.DOTALL)


class PrivateKey(NamedTuple):
    """An RSA key: the modulus, its primes, and their exponents (RFC 8017, 3.2)."""

    n: int
    p: int
    q: int
    dp: int
    dq: int
    qinv: int

    def __repr__(self) -> str:
        return "PrivateKey(...)"


def load(pem: str) -> PrivateKey:
    """Raises `ValueError`, whose text contains nothing of the key."""
    match = _PEM.search(pem)
    if match is None:
        raise ValueError("not a PEM file")
    kind = match[1]
    if kind not in {"PRIVATE KEY", "RSA PRIVATE KEY"}:
        raise ValueError(f"a PEM file with a {kind.lower()}, not with an unencrypted RSA private key")
    try:
        data = base64.b64decode("".join(match[2].split()), validate=True)
        return _pkcs8(data) if kind == "PRIVATE KEY" else _pkcs1(data)
    except (binascii.Error, ValueError, IndexError):
        raise ValueError("not an RSA private key") from None


def _pkcs8(data: bytes) -> PrivateKey:
    """RFC 5208: version, algorithm, and the key as a string of bytes."""
    _, algorithm, key = next(der.elements(data)).children()[:3]
    if algorithm.children()[0].value != _RSA or key.tag != der.OCTET_STRING:
        raise ValueError("another algorithm")
    return _pkcs1(key.value)


def _pkcs1(data: bytes) -> PrivateKey:
    """RFC 8017, A.1.2: version, n, e, d, p, q, d mod (p-1), d mod (q-1), 1/q mod p."""
    numbers = [element.integer() for element in next(der.elements(data)).children()[:9]]
    _, n, _, _, p, q, dp, dq, qinv = numbers
    if p * q != n:
        raise ValueError("not a key")
    return PrivateKey(n, p, q, dp, dq, qinv)
