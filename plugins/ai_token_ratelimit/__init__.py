"""ai_token_ratelimit: limits how many tokens clients may use."""

from .plugin import plugin

__all__ = ["plugin"]
