"""Credentials stay out of what people read."""

from __future__ import annotations

import pytest

from proxywasm_host.exchange import Exchange, Message
from proxywasm_host.masking import Masker

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
