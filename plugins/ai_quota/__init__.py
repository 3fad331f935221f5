"""ai_quota: a budget for each consumer, in tokens or money."""

from .plugin import plugin

__all__ = ["plugin"]
