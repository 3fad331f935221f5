"""Credentials stay out of what people read."""

from __future__ import annotations

import json
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from proxywasm_host.recordings.exchange import Exchange, Message
from proxywasm_host.recordings.masking import MASK, Masker

CONFIG = '{"provider": {"type": "qwen", "apiTokens": ["sk-very-secret"], "modelMapping": {"*": "qwen-max"}}}'
MASKER = Masker(Exchange("x", CONFIG, Message([("x-api-key", "client-secret")])))


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("authorization", "Bearer abc", "Bearer •••"),
        ("Authorization", "abc", "•••"),
        ("x-goog-api-key", "abc", "•••"),
        ("api-key", "abc", "•••"),
        ("cookie", "a=b", "•••"),
        ("authorization", "", ""),
        ("content-type", "text/plain", "text/plain"),
        ("x-other", "was sk-very-secret here", "was ••• here"),
    ],
)
def test_headers_of_credentials_are_masked(name: str, value: str, shown: str) -> None:
    assert MASKER.header(name, value) == shown


def test_secrets_are_masked_wherever_they_turn_up() -> None:
    assert MASKER.text("sk-very-secret, client-secret, qwen-max") == "•••, •••, qwen-max"
    assert MASKER.text("/v1/x?key=abc&alt=sse") == "/v1/x?key=•••&alt=sse"


def test_a_fingerprint_tells_two_secrets_apart() -> None:
    one, other = (MASKER.header("authorization", f"Bearer {key}", fingerprint=True) for key in ("k1", "k2"))
    assert one != other
    assert "k1" not in one


@pytest.mark.parametrize("secret", ["sk-a/b+c=d e", "q\"u'o\\te&<x>", "é%41key", "k" * 300 + '/"'])
def test_secrets_are_found_escaped_too(secret: str) -> None:
    """As services repeat them, and as a recording has them."""
    masker = Masker(Exchange("x", json.dumps({"apiTokens": [secret]}), Message([])))
    once = json.dumps(secret)[1:-1]
    for text in (secret, once, quote(secret, safe=""), quote_plus(secret), escape(secret)):
        assert masker.text(f"<{text}>") == f"<{MASK}>"
    if len(secret) < 200:
        all_of_it = "".join(f"\\u{ord(char):04X}" for char in secret)
        for text in (json.dumps(once)[1:-1], all_of_it, quote(quote(secret)), once.replace("/", "\\/")):
            assert masker.text(f"<{text}>") == f"<{MASK}>"
