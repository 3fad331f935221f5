"""`customSettings`: fields that the configuration writes into request bodies."""

from __future__ import annotations

from typing import Any, Final

from .jsonx import Json
from .settings import CustomSetting

# What `auto` makes of the well-known names in the OpenAI protocol; a setting of any other name is left out.
_OPENAI: Final = {"max_tokens": "max_tokens", "temperature": "temperature", "top_p": "top_p", "seed": "seed"}


def apply(settings: tuple[CustomSetting, ...], body: Json) -> bool:
    """Change the body in place; whether anything was written."""
    changed = False
    for setting in settings:
        name: str | None = setting.name
        if setting.mode == "auto":
            name = _OPENAI.get(setting.name)
        if name:
            changed |= _write(body, name.split("."), setting.value, overwrite=setting.overwrite)
    return changed


def _write(body: Json, path: list[str], value: Any, *, overwrite: bool) -> bool:
    target: Any = body
    for index, name in enumerate(path):
        last = index == len(path) - 1
        if isinstance(target, list):
            if not name.isdigit() or int(name) >= len(target):
                return False
            place: Any = int(name)
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
            if not present or not isinstance(target[place], dict | list):
                if present and not overwrite:
                    return False
                target[place] = {}
            target = target[place]
    return True
