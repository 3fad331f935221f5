"""The seal of a component: a custom section at its end that has the SHA-256 of everything before it.

WebAssembly has no checksum, and most of a component is a snapshot of Python's memory: one that a copy has damaged is
mostly valid, and runs as something else. Other tools pass over the section, and may add their own behind it.
"""

from __future__ import annotations

import hashlib
from typing import Final

from .component_file import CUSTOM_SECTION, sections

_NAME: Final = b"proxywasm.sha256"
_LABEL: Final = bytes([len(_NAME)]) + _NAME
_DIGEST_SIZE: Final = 32


def seal(component: bytes) -> bytes:
    """What is to be added at the end."""
    content = _LABEL + hashlib.sha256(component).digest()
    return bytes([CUSTOM_SECTION, len(content)]) + content


def is_changed(component: bytes) -> bool:
    """There is a seal, and what is before it is not what was sealed. Of several seals the last one counts."""
    seal_start = digest = None
    for number, start, content, end in sections(component):
        if number == CUSTOM_SECTION and component.startswith(_LABEL, content):
            seal_start, digest = start, component[content + len(_LABEL) : end]
    return digest is not None and hashlib.sha256(memoryview(component)[:seal_start]).digest() != digest
