"""Which request gets which built file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from proxywasm.wire import Fields

from .built import BuiltFile, files
from .headers import SECURITY, accepts_gzip, is_known

PLAYGROUND: Final = ("playground", "arena")
"""The pages of the key `playground`."""
_LOADED: Final = "/pages/"
"""The path below which pages find what they load."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_TEXT: Final = "text/plain; charset=utf-8"


class PageAnswer(NamedTuple):
    fields: Fields
    """With `:status` and `content-length`."""
    body: bytes

    @property
    def status(self) -> int:
        return int(self.fields[0][1])


class Pages:
    """`names`: the pages of this listener, each at the path of its name."""

    def __init__(self, names: Iterable[str]) -> None:
        self._files = files()
        self._paths = {f"/{name}": f"{name}.html" for name in names}

    def answer(self, headers: Mapping[str, str]) -> PageAnswer | None:
        """None: the request is not for the pages. `headers` of the request, with `:method` and a plain `:path`."""
        path = headers[":path"].partition("?")[0]
        name = self._paths.get(path)
        if name is None:
            if not path.startswith(_LOADED):
                return None
            name = path.removeprefix(_LOADED)
            if name.endswith(".html") or name not in self._files:
                return _text(404, "the pages have no such file")
        if headers[":method"] not in ("GET", "HEAD"):
            return _text(405, "only GET and HEAD", [("allow", "GET, HEAD")])
        return _file(self._files[name], headers)


def _file(file: BuiltFile, headers: Mapping[str, str]) -> PageAnswer:
    tag = f'W/"{file.sha256[:24]}"'  # weak: the same for all encodings
    fields = [
        ("etag", tag),
        ("cache-control", _FOR_EVER if file.has_hash_in_name else "no-cache"),
        ("vary", "accept-encoding"),
        *SECURITY,
    ]
    if is_known(tag, headers.get("if-none-match", "")):
        return PageAnswer([(":status", "304"), *fields], b"")
    fields.append(("content-type", file.kind))
    body = file.compressed if accepts_gzip(headers.get("accept-encoding", "")) else None
    if body is not None:
        fields.append(("content-encoding", "gzip"))
    else:
        body = file.contents
    return PageAnswer([(":status", "200"), *fields, ("content-length", str(len(body)))], body)


def _text(status: int, text: str, more: Iterable[tuple[str, str]] = ()) -> PageAnswer:
    body = f"{text}\n".encode()
    fields = [("content-type", _TEXT), ("content-length", str(len(body))), ("cache-control", "no-store"), *more]
    return PageAnswer([(":status", str(status)), *fields, *SECURITY], body)
