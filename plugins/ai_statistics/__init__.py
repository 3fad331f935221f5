"""ai_statistics: what model services are used for, and how they answer, as metrics and as attributes of access log and
trace.
"""

from .plugin import plugin

__all__ = ["plugin"]
