"""What holds for every replay, whatever outsiders say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from tests.fuzz.credentials import CLIENTS, leaks

from proxywasm.wire import Fields
from proxywasm_host.recordings import bodies
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.recordings.replay import Result

_TOKEN: Final = re.compile(r":?[!#$%&'*+.^_`|~0-9a-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_PATH: Final = re.compile(r"/[!-~]*")
_WITHOUT_BODY: Final = {"204", "304"}


def broken_rules(exchange: Exchange, result: Result) -> list[str]:
    """Each as a sentence; empty when all is well."""
    return list(_broken(exchange, result))


def _broken(exchange: Exchange, result: Result) -> Iterator[str]:
    if crash := result.get("crash"):
        yield f"the instance is lost: {crash}"
    for line in result["logs"]:
        if "Traceback" in line:
            yield f"the plugin raised: {line.rpartition(chr(10))[2]}\n{line}"
    given = _given(exchange)
    if upstream := result["upstream"]:
        yield from _fields("upstream", upstream["headers"])
        asked = _path(dict(exchange.request.headers).get(":path", "/"))
        if not any(asked):  # what the gateway lets through may pass on; the plugin adds none
            yield from _path(dict(upstream["headers"]).get(":path", ""))
        yield from _json("upstream", bodies.join(upstream["body"]), given)
    for call in result["callouts"]:
        yield from _fields("call-out", call["headers"])
        yield from _json("call-out", bodies.join(call["body"]), given)
    if downstream := result["downstream"]:
        untouched = "_rules_" in exchange.config  # No rule may apply, and then the gateway's plugin does nothing.
        yield from _fields("downstream", downstream["headers"], last="9" if untouched else "5")
        yield from _json("downstream", bodies.join(downstream["body"]), given)
    if reply := result["local_reply"]:
        yield from _fields("local reply", reply["headers"])
        if not 200 <= reply["status"] <= 599:
            yield f"a reply has the status {reply['status']}"
        if reply["body"]:
            try:
                json.loads(bodies.join(reply["body"]))
            except ValueError:
                yield f"a reply is no JSON: {reply['body']!r}"
    answered = result["downstream"] or result["local_reply"]
    if exchange.response is not None and result["upstream"] and not answered:
        yield "the client gets no answer"
    yield from _secrets(exchange, result, answered)


def _secrets(exchange: Exchange, result: Result, answered: Any) -> Iterator[str]:
    seen = [*result["logs"]] if _is_unreadable(answered) else [*result["logs"], _text(answered)]
    for secret in leaks(exchange, "\n".join(seen)):
        yield f"a credential of the gateway leaves it: {secret}"
    for request in (result["upstream"], *result["callouts"]):
        text = _text(request)
        yield from (f"the client's {name} goes on" for name, value in CLIENTS.items() if value in text)


def _is_unreadable(answer: Any) -> bool:
    """Compressed or no text: nobody looks into it, unless it is an error."""
    headers = dict(answer["headers"]) if answer else {}
    return headers.get("content-encoding", "") not in {"", "identity"} or bool(
        re.search("octet-stream|grpc|^(audio|font|image|video)/", headers.get("content-type", ""))
    )


def _text(message: Any) -> str:
    """All of a message, or nothing if there is none."""
    if not message:
        return ""
    fields = "\n".join(f"{name}: {value}" for name, value in message["headers"])
    return f"{fields}\n{bodies.join(message['body']).decode(errors='replace')}"


def _fields(where: str, fields: Fields, last: str = "5") -> Iterator[str]:
    for name, value in fields:
        if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
            yield f"{where}: the header {name!r}: {value[:100]!r} is not one"
    status = dict(fields).get(":status", "200")
    if not re.fullmatch(f"[1-{last}][0-9][0-9]", status):
        yield f"{where}: the status is {status!r}"


def _path(path: str) -> Iterator[str]:
    if not _PATH.fullmatch(path):
        yield f"upstream: {path!r} is no path"
    segments = unquote(path.partition("?")[0]).replace("\\", "/").split("/")
    if "." in segments or ".." in segments:
        yield f"upstream: dot segments in {path!r}"


def _given(exchange: Exchange) -> bytes:
    """All that outsiders have sent."""
    messages = [exchange.request, exchange.response, *(callout.response for callout in exchange.callouts)]
    return b"".join(chunk for message in messages if message is not None for chunk in message.body)


def _json(where: str, data: bytes, given: bytes) -> Iterator[str]:
    """What nobody gave us and is no JSON, such as NaN, is our own mistake."""

    def refuse(word: str) -> Any:
        raise _NotJsonError(word)

    match bodies.parse(data):
        case bodies.JsonBody():
            texts = [data.decode()]
        case bodies.SseBody():
            texts = [line[5:] for line in data.decode(errors="replace").splitlines() if line.startswith("data:")]
        case _:
            return
    for text in texts:
        try:
            json.loads(text, parse_constant=refuse)
        except _NotJsonError as word:
            if str(word).strip("-").encode() not in given:
                yield f"{where}: {word} in a document"
        except (ValueError, RecursionError):
            pass  # not ours: what is passed on may be anything


class _NotJsonError(Exception):
    pass
