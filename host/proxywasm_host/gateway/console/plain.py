"""A gateway as plain values, as its file would have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..values import Address, CollectorUrl, Origin


def plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return {name: plain(getattr(value, name)) for name in type(value).model_fields}
        case Path() | Address() | CollectorUrl():
            return str(value)
        case Origin(scheme, host, port):
            return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
    return value
