"""Which values of a gateway file are secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from ....recordings.masking.names import is_count, is_secret_setting
from ...document import Place

_VARIABLE: Final = re.compile(r"\$\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEME: Final = re.compile(r"(?:Bearer|Basic|sha256:)?\s*", re.I)
_FILES: Final = ("tls", "key")
"""The path of a file."""

SecretNames = Mapping[int, Collection[str]]
"""By the index of a plugin, the keys that it declares as secret, in lower case."""


def secret_key(place: Place, declared: SecretNames) -> str | None:
    """The name of the key because of which the value at this place is secret; None: it is not.

    Everything inside such a key is secret, too.
    """
    match place:
        case ("plugins", int(index), "config", *steps):
            also = declared.get(index, ())
            return next((str(step) for step in steps if isinstance(step, str) and _is_secret(step, also)), None)
        case ("tracing", "headers", name, *_):
            return str(name)
        case ("upstreams" | "routes", *_):
            return None
    if place == _FILES or place[:1] == ("console",):
        return None
    return next((str(step) for step in place if isinstance(step, str) and is_secret_setting(step)), None)


def _is_secret(name: str, also: Collection[str]) -> bool:
    return is_secret_setting(name) or name.lower() in also


def hides(value: Any) -> bool:
    """Whether a value under a secret key is to be hidden. Variables of the environment are shown as they are written,
    and numbers of few digits, truth values and nothing are none."""
    if isinstance(value, bool) or value is None:
        return False
    text = str(value)
    if _VARIABLE.search(text):
        return _SCHEME.fullmatch(_VARIABLE.sub("", text)) is None
    return bool(text) and not is_count(text)


def variables(text: str) -> list[str]:
    """The names of the variables that a text uses."""
    return _VARIABLE.findall(text)
