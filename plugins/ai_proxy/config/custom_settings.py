"""`customSettings`: writes configured fields into request bodies."""

from __future__ import annotations

from typing import Any, Final

from ..wire import lenient
from ..wire.json import Json
from .settings import CustomSetting

AUTO_NAMES: Final = ("max_tokens", "temperature", "top_p", "seed")
"""The fields that `auto` writes; it ignores settings with other names."""


def apply(settings: tuple[CustomSetting, ...], body: Json) -> bool:
    """Change the body in place. Returns whether anything was written."""
    changed = False
    for setting in settings:
        if setting.mode == "raw" or setting.name in AUTO_NAMES:
            changed |= _write(body, setting.name.split("."), setting.value, overwrite=setting.overwrite)
    return changed


def _write(body: Json, path: list[str], value: Any, *, overwrite: bool) -> bool:
    target: Any = body
    for index, name in enumerate(path):
        last = index == len(path) - 1
        if isinstance(target, list):
            if not name.isdecimal() or (number := lenient.digits(name)) >= len(target):
                return False
            place: Any = number
            present = True
        elif isinstance(target, dict):
            place, present = name, name in target
        else:
            return False
        if last:
            if present and not overwrite:
                return False
            target[place] = value
        else:
            if not present or not isinstance(target[place], (dict, list)):
                if present and not overwrite:
                    return False
                target[place] = {}
            target = target[place]
    return True
