"""Access tokens for Google service accounts: OAuth 2.0 with signed assertions (RFC 7523).

Source: developers.google.com/identity/protocols/oauth2/service-account.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from proxywasm import ClusterClient, DnsCluster, HttpAnswer, HttpContext, log, shared_data
from proxywasm.config import Invalid

from ..credentials.signing import rs256
from ..wire import lenient, limits
from ..wire.errors import ApiError, parse
from ..wire.json import dump_bytes, loads
from .waiting import Awaited

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address
_LIFETIME: Final = 3600
"""Seconds: the most that an assertion may live, and how long a token lives that does not say."""
_DAY: Final = 24 * 3600
"""Seconds. No access token lives longer, whatever the service says."""
_LONGEST: Final = 16 * 1024
"""Characters of an access token."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The key file of a service account."""

    email: str
    key_id: str
    key: rs256.PrivateKey
    token_uri: str
    secrets: tuple[str, ...] = field(repr=False)
    """The private key as it may be written: in lines, and in one."""

    @classmethod
    def read(cls, text: str) -> ServiceAccount:
        """Raises `Invalid`, which says nothing of what is in the file."""
        try:
            document = loads(text)
        except ValueError:
            raise Invalid("must be the JSON key file of a service account") from None
        if not isinstance(document, dict):
            raise Invalid("must be the JSON key file of a service account")
        for name in ("client_email", "private_key"):
            if not isinstance(document.get(name), str) or not document[name]:
                raise Invalid(f"the key file has no {name}")
        try:
            key = rs256.load(document["private_key"])
        except ValueError as error:
            raise Invalid(f"the private_key of the key file cannot be used: {error}") from None
        token_uri = document.get("token_uri") or _TOKEN_URI
        if not isinstance(token_uri, str) or not token_uri.startswith("https://"):
            raise Invalid("the token_uri of the key file must begin with https://")
        lines = [line.strip() for line in document["private_key"].splitlines() if not line.startswith("-----")]
        secrets = "\n".join(lines).strip(), "".join(lines)
        return cls(document["client_email"], str(document.get("private_key_id") or ""), key, token_uri, secrets)

    def assertion(self, now: int) -> str:
        claims = {
            "aud": self.token_uri,
            "exp": now + _LIFETIME,
            "iat": now,
            "iss": self.email,
            "scope": _SCOPE,
        }
        return rs256.token(self.key, claims, kid=self.key_id)

    def fingerprint(self) -> str:
        """Tells accounts and their keys apart."""
        return hashlib.sha256(f"{self.email}\0{self.key_id}\0{self.key.n}".encode()).hexdigest()[:32]


class AccessToken(Awaited):
    """The token of one account, kept where all instances of the plugin find it.

    Requests that need one while it is being fetched wait for the same fetch.
    """

    def __init__(self, account: ServiceAccount, service: str, refresh_ahead: int, timeout_ms: int) -> None:
        """`refresh_ahead`: how many seconds before its end a token counts as expired."""
        super().__init__()
        self._account = account
        self._cluster = DnsCluster(service, urlsplit(account.token_uri).netloc, 443)
        self._key = f"ai-proxy:oauth:{account.fingerprint()}"
        self._refresh_ahead = refresh_ahead
        self._timeout_ms = timeout_ms
        self._token = ""
        self._expires = 0.0

    @property
    def token(self) -> str:
        return self._token

    def ready(self, ctx: HttpContext) -> bool:  # noqa: ARG002
        now = time.time()
        if self._is_valid(now):
            return True
        entry = shared_data.get(self._key)
        known: Any = parse(entry.value) if entry else None
        if isinstance(known, dict):
            self._token, self._expires = (
                lenient.header(known.get("token"), _LONGEST),
                lenient.count(known.get("expireAt")),
            )
        return self._is_valid(now)

    def _is_valid(self, now: float) -> bool:
        return self._token != "" and self._expires > now + self._refresh_ahead

    def _call(self, answered: Callable[[HttpAnswer], None]) -> None:
        body = f"grant_type={_GRANT}&assertion={self._account.assertion(int(time.time()))}"
        ClusterClient(self._cluster).post(
            urlsplit(self._account.token_uri).path or "/",
            answered,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=body,
            timeout_ms=self._timeout_ms,
        )

    def _take(self, answer: HttpAnswer) -> ApiError | None:
        readable = answer.status == 200 and len(answer.body) <= limits.OWN_ANSWER
        document = parse(answer.body) if readable else None
        token = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not (token := lenient.header(token, _LONGEST)):
            why = f"status {answer.status}" if answer.received else "no answer"
            return self._failed(why)
        seconds = min(lenient.count(document.get("expires_in")) or _LIFETIME, _DAY)
        self._token, self._expires = token, time.time() + seconds
        shared_data.set(self._key, dump_bytes({"token": token, "expireAt": int(self._expires)}))
        return None

    def _failed(self, why: str) -> ApiError:
        log.error("no access token for %s: %s", self._account.email, why)
        return ApiError(502, "the gateway gets no access to the model service", code="upstream_login_failed")
