"""The keys that Kling adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from proxywasm.config import All, Given, NoEffect, Not, Required, Rule, key

from ...config.settings.common import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class KlingSettings(Settings):
    """Keys of Kling."""

    kling_access_key: str = key(
        "access key; used with `klingSecretKey` instead of `apiTokens`",
        default="",
        secret=True,
        trim=True,
        example="...",
    )
    kling_secret_key: str = key(
        "secret key that belongs to `klingAccessKey`", default="", secret=True, trim=True, example="..."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Required("kling_secret_key", Given("kling_access_key"), ": the two keys belong together"),
        Required("kling_access_key", Given("kling_secret_key"), ": the two keys belong together"),
        Required(
            "api_tokens",
            All((Not(Given("kling_access_key")), Not(Given("kling_secret_key")))),
            ", or klingAccessKey and klingSecretKey",
        ),
        NoEffect(
            ("api_tokens",),
            "klingAccessKey and klingSecretKey are used instead; remove one of the two",
            Given("kling_access_key"),
        ),
    )
