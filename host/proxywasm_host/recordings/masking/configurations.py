"""The credentials in the configuration of a plugin."""

from __future__ import annotations

import json
from typing import Any

from .names import is_count, is_secret_setting
from .placeholders import Placeholders
from .private_key import PEM, PLACEHOLDER


def masked_config(config: str, placeholders: Placeholders, also: frozenset[str]) -> str:
    """The configuration with placeholders, which learn its credentials. One that is not JSON is left as it is."""
    try:
        document = json.loads(config)
    except ValueError:
        return config
    return json.dumps(_Config(placeholders, also).value(document), ensure_ascii=False)


class _Config:
    def __init__(self, placeholders: Placeholders, also: frozenset[str]) -> None:
        self._placeholders = placeholders
        self._also = also

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._setting(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def _setting(self, name: str, value: Any) -> Any:
        if is_secret_setting(name) or name.lower() in self._also:
            return self._secret(value, self._placeholders.group(name))
        return self.value(value)

    def _secret(self, value: Any, group: str, item: int | None = None) -> Any:
        match value:
            case dict():
                return {name: self._secret(each, f"{group}{name}") for name, each in value.items()}
            case list():
                return [self._secret(each, group, number) for number, each in enumerate(value, 1)]
            case str() if value and not is_count(value):
                return self._text(value, group, item)
        return value

    def _text(self, value: str, group: str, item: int | None) -> str:
        if value.lstrip().startswith("{"):
            # A document inside the configuration, such as the key file of a service account.
            try:
                document = json.loads(value)
            except ValueError:
                pass
            else:
                return json.dumps(self.value(document))
        if (key := PEM.search(value)) is not None:
            self._placeholders.learn(value, PLACEHOLDER)
            for line in key[0].splitlines()[1:-1]:
                self._placeholders.add(line, group)
            return PLACEHOLDER
        return self._placeholders.add(value, group, item)
