"""request_ratelimit: limits how many requests clients may send, and how many streams they may have at the same time."""

from .plugin import plugin

__all__ = ["plugin"]
