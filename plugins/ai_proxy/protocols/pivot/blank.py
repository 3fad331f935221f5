"""Texts without a visible character. Most services refuse them as parts of a message; they say nothing to a model."""

from __future__ import annotations

import re
from typing import Final

# White space of Unicode, and characters that show nothing: soft hyphen, Hangul fillers, zero-width and directional
# marks, Braille blank, variation selectors, byte order mark.
_BLANK: Final = re.compile(
    "[\\s\\x00-\\x1f\\x7f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0]*"
)


def is_blank(text: str) -> bool:
    """Whether a text has no visible character. It reads no more than the invisible ones at the beginning.

    >>> is_blank(""), is_blank(" \\n\\u200b"), is_blank(" a ")
    (True, True, False)
    """
    return _BLANK.match(text).end() == len(text)  # type: ignore[union-attr]  # It matches any text.
