"""Which names of headers, configuration keys, parameters and fields mean a credential."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(
    r"authorization|api-?_?key|token|secret|password|credential|cookie|signature|private|subscription-key", re.I
)
_SETTING: Final = re.compile(
    r"(?:auth|auth[-_]?id|authorization|key|tokens?|secrets?|passw(?:or)?d|passphrase|credentials?|cookies?|signature|jwt)\Z",
    re.I,
)
_FIELD: Final = re.compile(
    r"(?:api|secret|private|access|account|auth)[-_]?keys?|(?:access|refresh|id|auth|session)[-_]?tokens?"
    r"|passw(?:or)?d|passphrase|(?:client[-_]?)?secret|credentials?|authorization|assertion",
    re.I,
)
_PARAMETER: Final = re.compile(r"key|token|sig|x-amz-(?:signature|credential|security-token)", re.I)
_COUNT: Final = re.compile(r"[0-9]{0,7}|true|false", re.I)


def is_secret(name: str) -> bool:
    """Whether the name of a header or of a configuration key means a credential."""
    return _NAME.search(name) is not None


def is_secret_setting(name: str) -> bool:
    """The same for a key of a plugin's configuration whose value may be replaced. `maxTokens` is none by its value."""
    return _SETTING.search(name) is not None


def is_secret_field(name: str) -> bool:
    """Whether a field of a JSON body or form has a credential. In many answers `token` is a word of a model."""
    return _FIELD.fullmatch(name) is not None


def is_secret_parameter(name: str) -> bool:
    """Whether a parameter of a query has one."""
    return _PARAMETER.fullmatch(name) is not None or is_secret_field(name)


def is_count(value: str) -> bool:
    """A number or a truth value: no credential, whatever its name is."""
    return _COUNT.fullmatch(value) is not None
