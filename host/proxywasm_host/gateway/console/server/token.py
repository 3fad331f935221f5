"""The token of the console. It is never logged, and compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path
from typing import Final

from ....reading import read_bytes
from ...model import Console

_SHORTEST: Final = 16
_LARGEST: Final = 4096
_FORM: Final = re.compile(r"[!-~]+")


class TokenError(Exception):
    """There is no token that can be used; the message says why, without it."""


class Token:
    """What `console` of the gateway file names. A file is read again when it has changed. Raises `TokenError`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._state: object = None
        self._digest = b""
        self._load()

    def matches(self, presented: str) -> bool:
        """Whether this is the token. False, too, while there is none that can be used."""
        try:
            self._load()
        except TokenError:
            return False
        return hmac.compare_digest(self._digest, _digest(presented))

    def _load(self) -> None:
        file, name = self._console.token_file, self._console.token_env
        if file is None:
            assert name is not None
            if not self._digest:
                self._digest = _digest(_checked(os.environ.get(name, ""), f"the environment variable {name}"))
            return
        state = _state(file)
        if state != self._state or not self._digest:
            self._state, self._digest = state, b""
            text = read_bytes(file, TokenError, _LARGEST).decode(errors="replace").strip()
            self._digest = _digest(_checked(text, str(file)))


def _state(file: Path) -> object:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _checked(text: str, where: str) -> str:
    if len(text) < _SHORTEST:
        raise TokenError(f"{where} has no token of {_SHORTEST} characters or more; `openssl rand -hex 32` makes one")
    if not _FORM.fullmatch(text):
        raise TokenError(f"{where} has a token with spaces or other characters than ASCII in it")
    return text


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
