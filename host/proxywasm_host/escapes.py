"""Characters that a terminal would obey, or that hide or reorder text, as visible escapes.

Recordings and messages contain what strangers have sent. An ESC in it could rewrite the screen or the title of the
window, a bidi mark could make a line look like another one.
"""

from __future__ import annotations

import re
from typing import Final

UNSAFE: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but tab and line feed
    "\u00ad\u061c\u180e"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # invisible characters, line ends, bidi marks
    "\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"  # bytes of headers that are not UTF-8, and halves of pairs
    "\U000e0000-\U000e007f"  # tags: invisible copies of ASCII
    "]"
)


def visible(text: str) -> str:
    """The text with escapes such as `\\x1b` and `\\u202e` in place of unsafe characters."""
    return UNSAFE.sub(lambda found: escape(found[0]), text)


def escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # the byte that it stands for
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
