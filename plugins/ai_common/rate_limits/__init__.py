"""What request_ratelimit and ai_token_ratelimit share: which limits apply to a request, and where they are counted."""

from .admission import HOLDING, admit
from .limiters import limiter_of
from .quota_headers import duration, quota_headers
from .rules import LimitedKey, Rates, Rules
from .settings import PERIODS, BaseLimitKey, BaseRuleItem, BaseSettings, rate

__all__ = [
    "HOLDING",
    "PERIODS",
    "BaseLimitKey",
    "BaseRuleItem",
    "BaseSettings",
    "LimitedKey",
    "Rates",
    "Rules",
    "admit",
    "duration",
    "limiter_of",
    "quota_headers",
    "rate",
]
