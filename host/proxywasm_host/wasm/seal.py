"""The seal of a component: a custom section at its end that has the SHA-256 of everything before it.

WebAssembly has no checksum, and most of a component is a snapshot of Python's memory: a damaged copy is usually still
valid, and behaves differently. Other tools ignore the section, and may append sections of their own.
"""

from __future__ import annotations

import hashlib
from typing import Final

from .component_file import CUSTOM_SECTION, sections

_NAME: Final = b"proxywasm.sha256"
_LABEL: Final = bytes([len(_NAME)]) + _NAME
_DIGEST_SIZE: Final = 32


def seal(component: bytes) -> bytes:
    """The section to append to a component."""
    content = _LABEL + hashlib.sha256(component).digest()
    return bytes([CUSTOM_SECTION, len(content)]) + content


def is_changed(component: bytes) -> bool:
    """Whether the component has a seal that does not match the bytes before it. The last seal counts."""
    seal_start = digest = None
    for number, start, content, end in sections(component):
        if number == CUSTOM_SECTION and component.startswith(_LABEL, content):
            seal_start, digest = start, component[content + len(_LABEL) : end]
    return digest is not None and hashlib.sha256(memoryview(component)[:seal_start]).digest() != digest
