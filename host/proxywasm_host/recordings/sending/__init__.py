"""Send recorded requests to a gateway, and compare its answers with the recorded ones."""

from .requests import has_placeholder
from .run import Sending, Target, TargetError, send_all

__all__ = ["Sending", "Target", "TargetError", "has_placeholder", "send_all"]
