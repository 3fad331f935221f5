"""What a browser is told with each file of the pages, so that foreign text in them can do nothing."""

from __future__ import annotations

from typing import Final

from proxywasm.wire import Fields

_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    # Only DOMPurify may make nodes of HTML.
    "require-trusted-types-for": "'script'",
    "trusted-types": "dompurify",
}
SECURITY: Final[Fields] = [
    ("content-security-policy", "; ".join(f"{name} {value}" for name, value in _POLICY.items())),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
]
"""Of all answers of the pages, errors too."""


def accepts_gzip(value: str) -> bool:
    """`value`: the header `accept-encoding`."""
    for part in value.lower().split(","):
        coding, _, parameter = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip", "*"):
            name, _, quality = parameter.strip().partition("=")
            return not (name.strip() == "q" and not quality.strip().strip("0."))
    return False


def is_known(tag: str, value: str) -> bool:
    """Whether a browser has the file with this tag. `value`: the header `if-none-match`."""
    return value.strip() == "*" or tag in (each.strip() for each in value.split(","))
