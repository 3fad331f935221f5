"""The credentials in requests and responses: where they are, and how a header field has placeholders in their place."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import unquote_plus

from ..exchange import Message
from .names import is_count, is_secret, is_secret_field, is_secret_parameter
from .placeholders import MADE, SHORTEST, Placeholders

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*) +(?=\S)")
_PARAMETER: Final = re.compile(r"([?&;#])([^=&;#?]+)=([^&;#]*)")
_FIELD: Final = re.compile(r"(?:^|(?<=&))([^=&\s]+)=([^&\s]+)")
_COOKIE: Final = re.compile(r"([^=;\s]+)=([^;]*)")
_PART: Final = re.compile(rb'name="([^"\r\n]{1,80})"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,4096})\r\n')
_LARGEST_FORM: Final = 1 << 20


def learn_request(request: Message, placeholders: Placeholders, also: frozenset[str]) -> None:
    for name, value in request.headers:
        if name == "cookie":
            for cookie, secret in _COOKIE.findall(value):
                _learn(secret, f"cookie{cookie}", placeholders)
        elif (is_secret(name) or name in also) and not name.startswith(":"):
            _learn_credential(name, value, placeholders)
        elif name in (":path", "referer"):
            for _, parameter, secret in _PARAMETER.findall(value):
                if is_secret_parameter(parameter):
                    _learn(secret, parameter, placeholders)
    _learn_body(request, placeholders)


def learn_response(response: Message, placeholders: Placeholders) -> None:
    for name, value in response.headers:
        if name == "set-cookie" and (cookie := _COOKIE.match(value)):
            _learn(cookie[2], f"cookie{cookie[1]}", placeholders)
    _learn_body(response, placeholders)


def masked_field(
    name: str, value: str, placeholders: Placeholders, also: frozenset[str] = frozenset(), *, made: bool = False
) -> tuple[str, str]:
    """A header field with placeholders. `made`: what else is a credential was made by the plugin."""
    if name == "cookie":
        return name, _COOKIE.sub(lambda found: f"{found[1]}={_placeholder(found[2], placeholders)}", value)
    if name == ":path":
        value = _PARAMETER.sub(lambda found: _parameter(found, placeholders), value)
    if (is_secret(name) or name in also) and not name.startswith(":"):
        scheme, secret = _divided(value)
        if (placeholder := placeholders.exact(secret) or placeholders.exact(value)) is not None:
            return name, f"{scheme}{placeholder}"
        text = placeholders.text(value)
        unknown = made and text == value and "masked-" not in text and not is_count(value)
        return name, f"{scheme}{MADE}" if unknown else text
    return name, placeholders.text(value)


def _parameter(found: re.Match[str], placeholders: Placeholders) -> str:
    """The parameter with the placeholder of its value, if that is a credential as a whole. Short ones may be words."""
    sign, name, value = found.groups()
    if len(value) >= SHORTEST or is_secret_parameter(name):
        value = placeholders.exact(value) or placeholders.exact(unquote_plus(value)) or value
    return f"{sign}{name}={value}"


def _placeholder(value: str, placeholders: Placeholders) -> str:
    return placeholders.exact(value) or placeholders.text(value)


def _divided(value: str) -> tuple[str, str]:
    """The scheme of an `authorization` with the space after it, and the credential."""
    found = _SCHEME.match(value)
    return (found[0], value[found.end() :]) if found else ("", value)


def _learn_credential(name: str, value: str, placeholders: Placeholders) -> None:
    scheme, secret = _divided(value)
    if scheme.strip().lower() == "basic":
        try:
            user, colon, password = base64.b64decode(secret).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user = colon = password = ""
        if colon:
            group = placeholders.group(f"{name}Basic")
            kept = placeholders.add(password, group) if password else ""
            placeholders.learn(secret, base64.b64encode(f"{user}:{kept}".encode()).decode())
            return
    _learn(secret, name, placeholders)


def _learn(secret: str, name: str, placeholders: Placeholders) -> None:
    if secret and not is_count(secret) and placeholders.exact(secret) is None:
        placeholder = placeholders.add(secret, placeholders.group(name))
        if (plain := unquote_plus(secret)) != secret and placeholders.exact(plain) is None:
            placeholders.learn(plain, placeholder)


def _learn_body(message: Message, placeholders: Placeholders) -> None:
    data = b"".join(message.body)
    for name, secret in _fields_of(data, dict(message.headers).get("content-type", "")):
        if len(secret) >= SHORTEST and is_secret_field(name):
            _learn(secret, name, placeholders)


def _fields_of(data: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    if "multipart/" in content_type:
        for name, value in _PART.findall(data[:_LARGEST_FORM]):
            yield name.decode(errors="replace"), value.decode(errors="surrogateescape")
    elif "x-www-form-urlencoded" in content_type:
        for name, value in _FIELD.findall(data[:_LARGEST_FORM].decode(errors="surrogateescape")):
            yield unquote_plus(name), value
    elif data.lstrip()[:1] in (b"{", b"["):
        try:
            document = json.loads(data.decode())
        except (ValueError, RecursionError):
            return
        yield from _texts(document)


def _texts(document: Any) -> Iterator[tuple[str, str]]:
    """The texts of a document with their names."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        items: Iterable[Any] = value.values() if isinstance(value, dict) else value
        waiting += [item for item in items if isinstance(item, dict | list)]
        if isinstance(value, dict):
            yield from ((name, item) for name, item in value.items() if isinstance(item, str))
