"""RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2), keys from PEM, and JSON Web Tokens with it (RFC 7519).

Signing takes some milliseconds with Python's own integers. They do not work in constant time: whoever can measure that
to the microsecond, a thousand times an hour at most, is in the gateway already.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ...wire.json import dump_bytes
from . import der

_RSA: Final = bytes.fromhex("2a864886f70d010101")  # 1.2.840.113549.1.1.1, rsaEncryption
_SHA256: Final = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of SHA-256, RFC 8017, 9.2
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----(.+?)-----END \1-----", re.DOTALL)


class PrivateKey(NamedTuple):
    """An RSA key: the modulus and its parts, and the exponents for these (RFC 8017, 3.2)."""

    n: int
    p: int
    q: int
    dp: int
    dq: int
    qinv: int

    def __repr__(self) -> str:
        return "PrivateKey(...)"

    def sign(self, message: bytes) -> bytes:
        size = (self.n.bit_length() + 7) // 8
        digest = _SHA256 + hashlib.sha256(message).digest()
        if size < len(digest) + 11:
            raise ValueError("the key is too short")
        padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
        number = int.from_bytes(padded, "big")
        # With the Chinese remainder theorem the numbers are half as long, which is four times as fast.
        m1, m2 = pow(number, self.dp, self.p), pow(number, self.dq, self.q)
        return (m2 + self.q * ((m1 - m2) * self.qinv % self.p)).to_bytes(size, "big")


def load(pem: str) -> PrivateKey:
    """Raises `ValueError`, whose text says nothing about the key itself."""
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


def token(key: PrivateKey, claims: Mapping[str, Any], **header: str) -> str:
    """A signed token; `header` is added to what the header says about it."""
    text = f"{_base64url(dump_bytes({'alg': 'RS256', **header, 'typ': 'JWT'}))}.{_base64url(dump_bytes(claims))}"
    return f"{text}.{_base64url(key.sign(text.encode()))}"


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


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
