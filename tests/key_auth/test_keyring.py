"""Time says nothing about keys: what is compared, with what, and how often does not depend on the key that is tried.

Nothing is timed here. The rule is one of structure: a key is found by a digest that its sender cannot know, and the one
comparison that decides takes constant time, and happens for keys of nobody, too.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from key_auth.keyring import LONGEST, Keyring, stored_digest

KEYS = {"alice": "key-of-alice", "bob": "key-of-bob"}


def keyring() -> Keyring:
    return Keyring((stored_digest(key), name) for name, key in KEYS.items())


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """What the standard library is asked to compare in constant time."""
    seen: list[tuple[bytes, bytes]] = []
    original: Callable[[bytes, bytes], bool] = hmac.compare_digest

    def spy(a: bytes, b: bytes) -> bool:
        seen.append((a, b))
        return original(a, b)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    return seen


@pytest.mark.parametrize("key", [*KEYS.values(), "key-of-alicf", "key-of-alic", "", "x", "k" * LONGEST])
def test_each_key_is_compared_once_and_as_a_whole(compared: list[tuple[bytes, bytes]], key: str) -> None:
    keyring().consumer(key)
    assert [tuple(map(len, pair)) for pair in compared] == [(32, 32)]
    assert compared[0][1] == hashlib.sha256(key.encode()).digest()


def test_where_a_key_is_looked_for_is_known_to_no_client() -> None:
    first, second = keyring()._by_digest, keyring()._by_digest
    assert len(first) == len(second) == 2
    assert not first.keys() & second.keys()
    assert not first.keys() & {hashlib.sha256(key.encode()).digest()[:16] for key in KEYS.values()}


def test_no_key_is_kept_as_it_is() -> None:
    kept = keyring()
    for name in Keyring.__slots__:
        assert not [key for key in KEYS.values() if key in repr(getattr(kept, name))]


@given(st.text() | st.text(alphabet="key-ofalicb"))
def test_only_the_keys_themselves_have_a_consumer(key: str) -> None:
    assert keyring().consumer(key) == {value: name for name, value in KEYS.items()}.get(key, "")


def test_a_key_of_a_megabyte_is_nobodys_and_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keyring()
    monkeypatch.delattr(hashlib, "sha256")
    assert kept.consumer("k" * 2**20) == ""


def test_bytes_that_are_not_utf_8_are_a_key_like_any_other() -> None:
    assert Keyring([(stored_digest("caf\udce9"), "old")]).consumer("caf\udce9") == "old"
