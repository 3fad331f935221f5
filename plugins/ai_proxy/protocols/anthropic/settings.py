"""The keys that Claude adds."""

from __future__ import annotations

from dataclasses import dataclass

from proxywasm.config import key

from ...config.settings.common import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeSettings(Settings):
    """Keys of Claude."""

    claude_version: str = key("version of the API that is asked for", default="2023-06-01", aliases=("apiVersion",))
    claude_code_mode: bool = key(
        "the tokens are OAuth tokens of Claude Code subscriptions, and requests look like that client's",
        default=False,
    )
