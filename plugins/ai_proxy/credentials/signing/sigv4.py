"""AWS Signature Version 4.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    access_key: str
    secret_key: str
    region: str
    service: str


def sign(
    credentials: Credentials, method: str, path: str, headers: Mapping[str, str], body: bytes, now: float
) -> dict[str, str]:
    """The headers `authorization` and `x-amz-date` for a request.

    `path` includes the query. `headers` are the signed headers, at least `host`, with names in lower case.
    """
    when = time.gmtime(now)
    date, day = time.strftime("%Y%m%dT%H%M%SZ", when), time.strftime("%Y%m%d", when)
    signed = {**headers, "x-amz-date": date}
    names = ";".join(sorted(signed))
    scope = f"{day}/{credentials.region}/{credentials.service}/aws4_request"
    request = canonical_request(method, path, signed, hashlib.sha256(body).hexdigest())
    text = f"{_ALGORITHM}\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(_key(credentials, day), text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={credentials.access_key}/{scope}"
    return {
        "authorization": f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}",
        "x-amz-date": date,
    }


def canonical_request(method: str, path: str, headers: Mapping[str, str], payload_hash: str) -> str:
    path, _, query = path.partition("?")
    # All services except S3 sign the path escaped once more than it is sent.
    uri = quote(path, safe="/-_.~") or "/"
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(query, True))
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers)]
    return "\n".join(
        [
            method,
            uri,
            "&".join(f"{name}={value}" for name, value in pairs),
            "".join(lines),
            ";".join(sorted(headers)),
            payload_hash,
        ]
    )


def _key(credentials: Credentials, day: str) -> bytes:
    key = b"AWS4" + credentials.secret_key.encode()
    for part in (day, credentials.region, credentials.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
