"""The keys that Hunyuan adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from proxywasm.config import Given, Pattern, Required, Rule, key

from ...config.settings.common import Settings

NATIVE: Final = Given("hunyuan_auth_id")
"""Hunyuan with Tencent Cloud's own protocol."""

_PRINTABLE: Final = (Pattern("[^ -~]", "must have printable ASCII characters only", forbidden=True),)


@dataclass(frozen=True, slots=True, kw_only=True)
class HunyuanSettings(Settings):
    """Keys of Hunyuan."""

    hunyuan_auth_id: str = key(
        "SecretId of Tencent Cloud, for its own protocol; without it, requests use the OpenAI-compatible protocol",
        default="",
        secret=True,
        essential=True,
        length=36,
        patterns=_PRINTABLE,
        example="AKID" + "x" * 32,
    )
    hunyuan_auth_key: str = key(
        "SecretKey that belongs to `hunyuanAuthId`",
        default="",
        secret=True,
        essential=True,
        length=32,
        patterns=_PRINTABLE,
        example="x" * 32,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Required("hunyuan_auth_id", Given("hunyuan_auth_key"), ": it belongs to hunyuanAuthKey"),
        Required("hunyuan_auth_key", NATIVE, ": it belongs to hunyuanAuthId"),
    )
