"""Credentials: out of what people read (`Masker`), and out of the recordings that are written (`Placeholders`).

names         which header, key or parameter has a credential
patterns      a credential in a text, plain, escaped or in base64
display       •••, for the terminal
placeholders  `masked-apiTokens-1-1`, for files: a replay does the same with it as with the credential
masked        a whole recording with placeholders
alike         which values are the same when placeholders are compared
"""

from .display import MASK, Masker
from .masked import LeakError, masked
from .names import is_secret
from .placeholders import Placeholders

__all__ = ["MASK", "LeakError", "Masker", "Placeholders", "is_secret", "masked"]
