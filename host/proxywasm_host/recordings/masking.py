"""Keep credentials out of what people read. `--json` is for programs and shows what a recording has."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from html import escape
from typing import Any, Final
from urllib.parse import quote, quote_plus

from .exchange import Exchange

MASK: Final = "•••"

_NAME: Final = re.compile(r"authorization|api-?_?key|token|secret|password|credential|cookie|signature|private", re.I)
_QUERY: Final = re.compile(r"([?&](?:key|api[-_]?key|access_token|token|sig|signature)=)[^&\s\"']+", re.I)
_SCHEME: Final = re.compile(r"(?:Bearer|Basic|Digest|AWS4-HMAC-SHA256|TC3-HMAC-SHA256)(?= )", re.I)
_SIGN: Final = re.compile(r"[\\%&+]")
"""First characters of escapes in JSON, URLs and HTML."""
_LONG: Final = 200
"""Characters of a secret whose every character may be escaped; longer ones are escaped as a whole, by one library."""
_NAMED: Final = {'"': "quot", "'": "apos", "&": "amp", "<": "lt", ">": "gt"}
_SHORTEST: Final = 6
"""A shorter secret is not looked for in running text: `k1` is part of many words."""


class Masker:
    """Knows the secrets of one exchange: those of its configurations and of its headers."""

    def __init__(self, exchange: Exchange) -> None:
        found: set[str] = set()
        for config in exchange.configs:
            with contextlib.suppress(ValueError):  # a configuration that is not JSON can be replayed, too
                _collect(json.loads(config or "{}"), found)
        for message in (exchange.request, *(before.request for before in exchange.before)):
            found.update(value.rpartition(" ")[2] for name, value in message.headers if is_secret(name))
        known = sorted((value for value in found if len(value) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._escaped = re.compile("|".join(map(_escaped, known))) if known else None

    def header(self, name: str, value: str, *, fingerprint: bool = False) -> str:
        """The value as it may be shown. A fingerprint tells two secrets apart without showing either."""
        if not is_secret(name) or not value:
            return self.text(value)
        scheme = _SCHEME.match(value)
        mark = f"{MASK}#{hashlib.sha256(value.encode()).hexdigest()[:4]}" if fingerprint else MASK
        return f"{scheme[0]} {mark}" if scheme else mark

    def text(self, text: str) -> str:
        if self._known and self._escaped:
            text = self._known.sub(MASK, text)
            if _SIGN.search(text):
                text = self._escaped.sub(MASK, text)
        return _QUERY.sub(rf"\1{MASK}", text)


def is_secret(name: str) -> bool:
    """Whether the name of a header or of a configuration key means a credential."""
    return _NAME.search(name) is not None


def _escaped(secret: str) -> str:
    """A pattern for the secret, each character as it is or escaped, also in documents within each other."""
    if len(secret) > _LONG:
        forms = dict.fromkeys((json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret), escape(secret)))
        return "|".join(map(re.escape, forms))
    return "".join(map(_character, secret))


def _character(char: str) -> str:
    if not char.isascii():
        units = "".join(rf"\\{{1,16}}(?i:{unit})" for unit in json.dumps(char)[1:-1].split("\\")[1:])
        in_url = "".join(f"(?i:%(?:25){{0,4}}{byte:02x})" for byte in char.encode(errors="surrogatepass"))
        return f"(?:{char}|{in_url}|{units})"
    code = ord(char)
    named = f"|{_NAMED[char]}" if char in _NAMED else ""
    forms = [
        re.escape(char),
        rf"\\{{1,16}}(?i:u00{code:02x}|x{code:02x})",
        f"(?i:%(?:25){{0,4}}{code:02x})",
        f"&(?:amp;){{0,4}}(?i:#x0{{0,5}}{code:x}|#0{{0,5}}{code}{named});",
    ]
    if char in "\"'/\\":
        forms.append(rf"\\{{1,16}}{re.escape(char)}")
    if char == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


def _collect(value: Any, found: set[str], *, secret: bool = False) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, found, secret=secret or is_secret(key))
    elif isinstance(value, list):
        for item in value:
            _collect(item, found, secret=secret)
    elif secret and isinstance(value, str):
        found.add(value)
