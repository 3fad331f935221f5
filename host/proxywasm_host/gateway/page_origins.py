"""Origins of pages in browsers, as a gateway file has them."""

from __future__ import annotations

import re


def pattern(origin: str) -> str:
    """A regular expression, for Python and for Envoy, that matches the origins that `origin` stands for as a whole.

    >>> pattern("https://*.example.com")
    'https://[a-zA-Z0-9._-]+\\\\.example\\\\.com'
    """
    return re.escape(origin).replace(r"\*", "[a-zA-Z0-9._-]+")
