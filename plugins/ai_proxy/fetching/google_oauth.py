"""Access tokens for Google service accounts: OAuth 2.0 with signed assertions (RFC 7523).

Source: developers.google.com/identity/protocols/oauth2/service-account.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from proxywasm import ClusterClient, DnsCluster, HttpAnswer, HttpCallError, HttpContext, log, shared_data

from ..config.settings.service_account import ServiceAccount
from ..credentials.signing import rs256
from ..wire import lenient, limits
from ..wire.errors import ApiError, parse
from ..wire.json import dump_bytes
from .waiting import Awaited

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME: Final = 3600
"""Seconds. The longest lifetime of an assertion, and the lifetime of a token without `expires_in`."""
_DAY: Final = 24 * 3600
"""Seconds. The longest lifetime of an access token, whatever the service says."""
_LONGEST: Final = 16 * 1024
"""The most characters of an access token."""


class AccessToken(Awaited):
    """The access token of one account, in the shared data of all instances of the plugin.

    Requests that need a token while it is being fetched wait for the same fetch.
    """

    def __init__(self, account: ServiceAccount, service: str, refresh_ahead: int, timeout_ms: int) -> None:
        """`refresh_ahead`: seconds before its expiry from which a token counts as expired."""
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
        if self._account.fault:
            raise HttpCallError(f"vertexAuthKey: {self._account.fault}")
        body = f"grant_type={_GRANT}&assertion={_assertion(self._account, int(time.time()))}"
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


def _assertion(account: ServiceAccount, now: int) -> str:
    claims = {
        "aud": account.token_uri,
        "exp": now + _LIFETIME,
        "iat": now,
        "iss": account.email,
        "scope": _SCOPE,
    }
    assert account.key is not None
    return rs256.token(account.key, claims, kid=account.key_id)
