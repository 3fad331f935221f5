"""Tencent Cloud's request signature, TC3-HMAC-SHA256.

Source: cloud.tencent.com/document/api/213/30654 ("Signature v3"); its example is this module's test.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Final

ALGORITHM: Final = "TC3-HMAC-SHA256"


def authorization(
    secret_id: str,
    secret_key: str,
    *,
    service: str,
    headers: Mapping[str, str],
    body: bytes,
    timestamp: int,
) -> str:
    """The value of `authorization` for a POST to `/`. Signs all `headers`; their names are in lower case."""
    names = sorted(headers)
    # Values are signed in lower case, without white space around them.
    canonical = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in names)
    signed = ";".join(names)
    request = "\n".join(("POST", "/", "", canonical, signed, hashlib.sha256(body).hexdigest()))
    date = time.strftime("%Y-%m-%d", time.gmtime(timestamp))
    scope = f"{date}/{service}/tc3_request"
    to_sign = "\n".join((ALGORITHM, str(timestamp), scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"TC3{secret_key}".encode()
    for step in (date, service, "tc3_request"):
        key = _hmac(key, step)
    signature = _hmac(key, to_sign).hex()
    return f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={signed}, Signature={signature}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
