"""key_auth: lets in the clients that have a key, and tells later plugins whose it is."""

from .plugin import plugin

__all__ = ["plugin"]
