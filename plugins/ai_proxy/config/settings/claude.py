"""The keys that Claude adds."""

from __future__ import annotations

from dataclasses import dataclass

from proxywasm.config import key

from .common import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeSettings(Settings):
    """Keys of Claude."""

    claude_version: str = key("value of the header `anthropic-version`", default="2023-06-01", aliases=("apiVersion",))
    claude_code_mode: bool = key(
        "`apiTokens` are OAuth tokens of Claude Code subscriptions; requests are sent as Claude Code sends them",
        default=False,
    )
