"""A recorded request as it is sent again: to another host, and with a credential in place of placeholders."""

from __future__ import annotations

import re
from typing import Final

from proxywasm.connection_headers import CONNECTION_HEADERS
from proxywasm.wire import Fields

from ..exchange import Message
from ..masking import is_secret

_PLACEHOLDER: Final = re.compile(r"masked-[A-Za-z0-9]+-[0-9]+(?:-[0-9]+)?\Z")


def has_placeholder(request: Message) -> bool:
    """Whether a header has a placeholder where a credential was."""
    return any(is_secret(name) and _PLACEHOLDER.search(value) for name, value in request.headers)


def request_fields(request: Message, *, scheme: str, authority: str | None, credential: str | None) -> Fields:
    """The header fields. Without `authority` that of the recording is kept. A credential takes the place of the
    placeholders; where there are none, and no other credential, it becomes a bearer token."""
    fields: Fields = []
    known = False
    for name, value in request.headers:
        if name == ":scheme":
            fields.append((name, scheme))
        elif name == ":authority" and authority is not None:
            fields.append((name, authority))
        elif name in CONNECTION_HEADERS or name in ("host", "content-length"):
            continue
        elif credential is not None and is_secret(name) and _PLACEHOLDER.search(value) and name != "cookie":
            known = True
            fields.append((name, _PLACEHOLDER.sub(lambda _: credential, value)))
        else:
            known = known or (is_secret(name) and name != "cookie")
            fields.append((name, value))
    if credential is not None and not known:
        fields.append(("authorization", f"Bearer {credential}"))
    if request.body and "content-length" in dict(request.headers):
        fields.append(("content-length", str(sum(map(len, request.body)))))
    return fields
