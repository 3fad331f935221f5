"""Keep credentials out of what people read. `--json` is for programs and shows what a recording has."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..exchange import Exchange
from .messages import learn_request, learn_response
from .names import is_secret
from .patterns import escaped
from .placeholders import SHORTEST, Placeholders

MASK: Final = "•••"

_QUERY: Final = re.compile(r"([?&](?:key|api[-_]?key|access_token|token|sig|signature)=)[^&\s\"']+", re.I)
_SCHEME: Final = re.compile(r"(?:Bearer|Basic|Digest|AWS4-HMAC-SHA256|TC3-HMAC-SHA256)(?= )", re.I)
_SIGN: Final = re.compile(r"[\\%&+]")
"""First characters of escapes in JSON, URLs and HTML."""
_SHORTEST: Final = 6
"""A shorter secret is not looked for in running text: `k1` is part of many words."""


class Masker:
    """Knows the secrets of one exchange: those of its configurations, requests and responses."""

    def __init__(self, exchange: Exchange) -> None:
        found: set[str] = set()
        for config in exchange.configs:
            with contextlib.suppress(ValueError):  # a configuration that is not JSON can be replayed, too
                _collect(json.loads(config or "{}"), found)
        for message in (exchange.request, *(before.request for before in exchange.before)):
            found.update(value.rpartition(" ")[2] for name, value in message.headers if is_secret(name))
        found.update(_of_messages(exchange))
        self._whole = Placeholders()
        for value in found:
            self._whole.learn(value, MASK)
        known = sorted((value for value in found if len(value) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known)), re.I) if known else None
        self._escaped = re.compile("|".join(map(escaped, known)), re.I) if known else None

    def header(self, name: str, value: str, *, fingerprint: bool = False) -> str:
        """The value as it may be shown. A fingerprint tells two secrets apart without showing either."""
        if not is_secret(name) or not value:
            return self.text(value)
        scheme = _SCHEME.match(value)
        mark = f"{MASK}#{hashlib.sha256(value.encode()).hexdigest()[:4]}" if fingerprint else MASK
        return f"{scheme[0]} {mark}" if scheme else mark

    def chunks(self, chunks: Sequence[bytes]) -> tuple[bytes, ...]:
        """The chunks of one body. A secret that is cut over several is masked as well, in the first of them."""
        return self._whole.chunks(chunks)

    def text(self, text: str) -> str:
        if self._known and self._escaped:
            text = self._known.sub(MASK, text)
            if _SIGN.search(text):
                text = self._escaped.sub(MASK, text)
        return _QUERY.sub(rf"\1{MASK}", text)


def _of_messages(exchange: Exchange) -> Iterator[str]:
    """Credentials in cookies, queries and bodies, such as an access token in the answer to a call-out."""
    learned = Placeholders()
    for each in (exchange, *exchange.before):
        learn_request(each.request, learned, frozenset())
        for response in (each.response, *each.next_responses, *(callout.response for callout in each.callouts)):
            if response is not None:
                learn_response(response, learned)
    return (value for value in learned.values if len(value) >= SHORTEST)


def _collect(value: Any, found: set[str], *, secret: bool = False) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, found, secret=secret or is_secret(key))
    elif isinstance(value, list):
        for item in value:
            _collect(item, found, secret=secret)
    elif secret and isinstance(value, str):
        found.add(value)
