"""Normalise a client's path: routes match, plugins see and upstreams get the normalised path."""

from __future__ import annotations

import re
from typing import Final

_UNRESERVED: Final = re.compile("%(2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")
_SLASH: Final = re.compile(r"%2[fF]|%5[cC]|\\")


def normalized(path: str) -> str:
    """A path without query, as Envoy has it with the options of `envoy.bootstrap`.

    >>> normalized("/v1/%2e%2E/a//b%2Fc/./d")
    '/a/b/c/d'
    """
    plain = _UNRESERVED.sub(lambda match: chr(int(match[1], 16)), _SLASH.sub("/", path))
    kept: list[str] = []
    segments = plain.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    # Slashes are merged last: an empty segment is one that `..` takes back.
    return _merged("/" + "/".join(kept))


def _merged(path: str) -> str:
    """Remove empty segments. A path of empty segments only keeps a slash at its beginning and one at its end."""
    if "//" not in path:
        return path
    inner = "/".join(filter(None, path.split("/")))
    return f"/{inner}/" if path.endswith("/") else f"/{inner}"
