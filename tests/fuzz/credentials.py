"""Exchanges with credentials that can be told from all other text, services that repeat them, and who sees them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape, unescape
from random import Random
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote

from proxywasm.wire import Fields
from proxywasm_host.recordings.exchange import Exchange, Message

SECRETS: Final = ("apiTokens", "awsAccessKey", "awsSecretKey", "hunyuanAuthId", "hunyuanAuthKey", "klingSecretKey")
KEYS: Final = (
    "sk-fuzz/Ab+9=x8w7v6u5t4s3r2q1p0",
    "sk-fuzz-longer-Zz9y8x7w",
    "sk-fuzz-longer-Zz9y8x7w6v5u4t",  # The one before begins it.
    "k\"e'y\\with<all>&%41+=u0 x",
    "fuzz8key",
)
"""With characters that JSON, URLs and HTML escape, one that begins another, and the shortest that counts."""
CLIENTS: Final[Mapping[str, str]] = {
    "cookie": "session=fuzz-cookie-a1b2c3",
    "x-auth-token": "fuzz-token-d4e5f6",
    "apikey": "fuzz-apikey-g7h8i9",
    "ocp-apim-subscription-key": "fuzz-subscription-j1k2l3",
    "x-amz-security-token": "fuzz-amz-m4n5o6",
    "proxy-authorization": "Basic fuzz-proxy-p7q8r9",
}
"""What a client says to the gateway, and no service is to hear."""


def as_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def twice_as_json(text: str) -> str:
    return as_json(as_json(text))


def all_escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def mixed(text: str) -> str:
    ways = (as_json, lambda char: f"\\u{ord(char):04X}", lambda char: "\\/" if char == "/" else as_json(char))
    return "".join(ways[number % 3](char) for number, char in enumerate(text))


def in_a_url(text: str) -> str:
    return quote(text, safe="")


def in_a_form(text: str) -> str:
    return quote_plus(text)


def in_html(text: str) -> str:
    return as_json(escape(text))


def in_base64(text: str) -> str:
    return base64.b64encode(f"user:{text}".encode()).decode()


WAYS: Final[Sequence[Callable[[str], str]]] = (
    as_json, twice_as_json, all_escaped, mixed, in_a_url, in_a_form, in_html,
)  # fmt: skip
"""How a text may be repeated within a string of JSON. What is sent as it is may come back `in_base64`, too."""


def readings(text: str) -> Iterator[str]:
    """What somebody may read in a text."""
    yield from map(_decoded, re.findall("[A-Za-z0-9+/_-]{10,}", text))
    for _ in range(5):
        yield text
        yield text.replace("+", " ")
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
        text = re.sub(r"\\([/\"'\\])", r"\1", text)
        text = unescape(unquote(text))


def _decoded(text: str) -> str:
    data = text.replace("-", "+").replace("_", "/").encode()
    return base64.b64decode(data[: len(data) // 4 * 4]).decode(errors="replace")


def secrets_of(exchange: Exchange) -> list[str]:
    """What of the configuration nobody else is to know; what is shorter than a real key may be part of any word."""
    document = json.loads(exchange.config)
    provider = document.get("provider")
    if not isinstance(provider, dict) or "_rules_" in document:  # With rules nobody here knows whose turn it is.
        return []
    found: list[Any] = []
    for name in SECRETS:
        value = provider.get(name, ())
        found += [value] if isinstance(value, str) else value
    return [secret for secret in found if isinstance(secret, str) and len(secret) >= 8]


def armed(exchange: Exchange, random: Random) -> Exchange:
    """The exchange with credentials of `KEYS` in its configuration, and with those of `CLIENTS` in its request."""
    document = json.loads(exchange.config)
    provider = document.get("provider")
    if not isinstance(provider, dict):
        return exchange
    keys = random.sample(KEYS, len(KEYS))
    for name in SECRETS:
        value = provider.get(name)
        if isinstance(value, list) and value:
            provider[name] = [keys[at % len(keys)] + "x" * (at // len(keys)) for at in range(len(value))]
        elif isinstance(value, str) and value:
            provider[name] = keys[0]
    name = random.choice([*CLIENTS])
    headers = [(key, value) for key, value in exchange.request.headers if key != name]
    request = replace(exchange.request, headers=[*headers, (name, CLIENTS[name])])
    return replace(exchange, config=json.dumps(document), request=request)


_STRING: Final = re.compile(rb'"(?=[^"\\\n]*"[ \n\r\t]*[,:}\]])')
_LINE: Final = re.compile(rb"\n(?=\n|data|event|id|:|\Z)")


def repeating(exchange: Exchange, random: Random) -> Exchange:
    """The service repeats a credential, if there is one to repeat."""
    secrets = secrets_of(exchange)
    if not secrets or exchange.response is None:
        return exchange
    ways = WAYS if "awsSecretKey" in exchange.config or "AuthKey" in exchange.config else (*WAYS, in_base64)
    return replace(exchange, response=_repeated(exchange.response, random.choice(secrets), random.choice(ways), random))


def _repeated(message: Message, secret: str, way: Callable[[str], str], random: Random) -> Message:
    """An answer that has a credential in it somewhere, cut wherever it is cut."""
    text = way(secret)
    if random.random() < 0.2 or not message.body:
        return replace(message, headers=_in_fields(message.headers, secret, random))
    data = b"".join(message.body)
    places = [found.end() for found in _STRING.finditer(data)]
    lines = [found.end() for found in _LINE.finditer(data)]
    kind = random.random()
    if lines and kind < 0.2:
        line = random.choice(
            (": {}\n", "event: {}\n", "id: {}\n", "{}\n", "data: {}\n\n", 'data: {{"error": "{}"}}\n\n')
        )
        at, text = random.choice(lines), line.format(text)
    elif places and kind < 0.9:
        at = random.choice(places)
    else:
        at = random.randint(0, len(data))
    data = data[:at] + text.encode() + data[at:]
    cuts = sorted(random.randint(at, at + len(text)) for _ in range(random.choice((0, 1, 2, 5))))
    body = tuple(data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True))
    headers = [(name, str(len(data)) if name == "content-length" else value) for name, value in message.headers]
    return Message(headers, body)


def _in_fields(fields: Fields, secret: str, random: Random) -> Fields:
    way = random.choice((str, in_a_url, in_a_form, as_json))
    name = random.choice(
        ("x-debug", "location", "set-cookie", "link", "www-authenticate", "x-request-id", "content-type")
    )
    if random.random() < 0.1:
        name = re.sub("[^a-z0-9-]", "", f"x-{secret}".lower())
    return [*((key, value) for key, value in fields if key != name), (name, f"key {way(secret)} refused")]


def leaks(exchange: Exchange, seen: str) -> Iterator[str]:
    """Credentials of the configuration in what the client or a reader of the log sees."""
    secrets = secrets_of(exchange)
    if not secrets:
        return
    for reading in readings(seen):
        for secret in secrets:
            if secret in reading:
                yield secret
                return
