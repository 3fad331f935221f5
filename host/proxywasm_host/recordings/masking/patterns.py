"""Credentials in texts: as they are, escaped for JSON, URLs and HTML, also several times, and in base64."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from html import escape
from typing import Final
from urllib.parse import quote, quote_plus

_LONG: Final = 200
"""Characters of a secret whose every character may be escaped; longer ones are escaped as a whole, by one library."""
_NAMED: Final = {'"': "quot", "'": "apos", "&": "amp", "<": "lt", ">": "gt"}
_ESCAPE: Final = re.compile(
    rb"\\{1,16}(?:u00([2-7][0-9A-Fa-f])|x([2-7][0-9A-Fa-f])|([\"'/\\]))"
    rb"|%(?:25){0,4}([2-7][0-9A-Fa-f])"
    rb"|&(?:amp;){0,4}(?:#(?:[xX]0{0,5}([2-7][0-9A-Fa-f])|0{0,5}([0-9]{2,3}))|(quot|apos|amp|lt|gt));"
)
"""An escaped printable ASCII character."""
_MEANINGS: Final = {name.encode(): char.encode() for char, name in _NAMED.items()}
_PASSES: Final = 5
"""The most escapes within each other that are removed."""
_PLAIN: Final = re.compile(r"[!#-$'-\[\]-~]+")
"""What no escape and no space is part of."""
_SHORTEST_BASE64: Final = 8
"""Characters: shorter pieces of base64 occur by chance."""


def escaped(secret: str) -> str:
    """A pattern for the secret, each character as it is or escaped, also in documents within each other."""
    if len(secret) > _LONG:
        forms = dict.fromkeys((
            secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1],
            json.dumps(json.dumps(secret))[3:-3], quote(secret, safe=""), quote_plus(secret), escape(secret),
        ))  # fmt: skip
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


def layers(data: bytes) -> Iterator[bytes]:
    """The text, the text without its escapes, then without those that this has revealed, and so on."""
    for _ in range(_PASSES):
        yield data
        plain = _ESCAPE.sub(_meaning, data)
        if plain == data:
            return
        data = plain


def _meaning(found: re.Match[bytes]) -> bytes:
    name = found[7]
    if name:
        return _MEANINGS[name]
    if found[3]:
        return found[3]
    if found[6]:
        return bytes((int(found[6]) % 128,))
    return bytes.fromhex((found[1] or found[2] or found[4] or found[5]).decode())


class Read:
    """A text as somebody may read it: its layers."""

    def __init__(self, data: bytes) -> None:
        self.layers = [*layers(data)]
        self.lower = [layer.lower() for layer in self.layers]


class Secret:
    """One credential, and how it is found in bytes of UTF-8. Plugins may change letters to capitals or small ones."""

    def __init__(self, value: str, placeholder: str) -> None:
        self.value = value
        self.raw = value.encode(errors="surrogateescape")
        self._placeholder = placeholder.encode()
        self._lower = self.raw.lower()
        self._plain = _PLAIN.fullmatch(value) is not None
        self._pattern: re.Pattern[bytes] | None = None
        self._base64 = [form for form in base64_forms(self.raw) if len(form) >= _SHORTEST_BASE64]

    @property
    def placeholder(self) -> str:
        return self._placeholder.decode()

    def may_be_in(self, text: Read) -> bool:
        """Whether it has to be searched for. Fast, for nearly no text has one."""
        return not self._plain or any(self._lower in layer for layer in text.lower)

    def is_in(self, text: Read) -> bool:
        return any(self._lower in layer for layer in text.lower) or self.in_base64(text) is not None

    def in_base64(self, text: Read) -> bytes | None:
        """The base64 of it in one of the layers."""
        return next((form for form in self._base64 for layer in text.layers if form in layer), None)

    def find(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Where it is, and what takes its place."""
        if self._pattern is None:
            self._pattern = re.compile(escaped(self.value).encode(errors="surrogateescape"), re.I)
        return ((*found.span(), self._placeholder_for(found[0])) for found in self._pattern.finditer(data))

    def _placeholder_for(self, found: bytes) -> bytes:
        if found != self.raw and found == self.raw.upper():
            return self._placeholder.upper()
        return self._placeholder.lower() if found != self.raw and found == self._lower else self._placeholder


def base64_forms(raw: bytes) -> Iterator[bytes]:
    """The base64 of a text after zero, one and two other bytes, without characters that depend on neighbours."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        inside = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))
