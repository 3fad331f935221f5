"""What can be wrong with a gateway file that is right."""

from __future__ import annotations


class LiveError(Exception):
    """A gateway file cannot be served by this host. The message is for people."""
