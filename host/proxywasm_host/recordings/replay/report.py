"""The result of an exchange, as exchange files have it: what left the plugins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from proxywasm.wire import Fields, LocalReply

from ...services import HttpCall
from ..exchange import chunk_to_json
from .observed import Observed

Result: TypeAlias = dict[str, Any]

NOTHING: Result = {"upstream": None, "downstream": None, "local_reply": None, "callouts": []}


def report(
    observed: Observed,
    reply: LocalReply | None,
    callouts: Sequence[Result],
    *,
    replied_to_request: bool,
    chained: bool,
) -> Result:
    """`reply` is the local reply, if a plugin has made one, and `chained` says that there are several plugins."""
    result = NOTHING | {"callouts": list(callouts)}
    if reply is not None:
        result["local_reply"] = {
            "status": reply.status,
            "headers": _pairs(reply.headers),
            "body": chunk_to_json(reply.body),
            "details": reply.details,
        }
    # A reply made in the request phase: the upstream sees nothing, and what the client sees is the reply.
    if observed.upstream_headers is not None and not replied_to_request:
        body = chunk_to_json(bytes(observed.upstream_body))
        result["upstream"] = {"headers": _pairs(observed.upstream_headers), "body": body}
    if observed.given_up:
        result["given_up"] = [
            {"headers": _pairs(headers), "body": chunk_to_json(body)} for headers, body in observed.given_up
        ]
    # Of a chain it is shown as well: what the other plugins have made of the reply.
    if observed.client_headers is not None and (reply is None or observed.reset or chained):
        chunks = [chunk_to_json(bytes(chunk)) for chunk in observed.chunks]
        result["downstream"] = {"headers": _pairs(observed.client_headers), "body": chunks}
        if observed.reset:
            result["downstream"]["reset"] = True
    return result


def call_report(call: HttpCall) -> Result:
    """A call-out in a result."""
    return {
        "cluster": call.cluster,
        "headers": _pairs(call.headers),
        "body": chunk_to_json(call.body),
        "timeout_ms": call.timeout_ms,
    }


def _pairs(fields: Fields) -> list[list[str]]:
    return [list(pair) for pair in fields]
