"""The keys that MiniMax adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from proxywasm.config import Is, NoEffect, Required, Rule, key

from ...config.settings.common import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimaxSettings(Settings):
    """Keys of MiniMax."""

    minimax_api_type: str = key(
        "`v2` (OpenAI's protocol) or `pro` (ChatCompletion Pro)", default="v2", choices=("v2", "pro")
    )
    minimax_group_id: str = key("id of the group, for `pro`", default="", example="group-id")

    rules: ClassVar[tuple[Rule, ...]] = (
        Required("minimax_group_id", Is("minimax_api_type", "pro"), " for minimaxApiType pro"),
        NoEffect(
            ("minimax_group_id",),
            "only ChatCompletion Pro has groups; set minimaxApiType to pro",
            Is("minimax_api_type", "v2"),
        ),
    )
