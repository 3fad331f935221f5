"""Exchanges of a HAR file: what a browser asked, and what it got."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ...reading import read_text, shown
from ..exchange import Exchange, Message, time_ns_of
from .messages import Unusable, request_of, response_of

_LARGEST: Final = 256 * 2**20


class HarError(ValueError):
    """The file is no HAR. The message says which file, and why."""


def load_har(path: Path, tell: Callable[[str], None]) -> list[Exchange]:
    """`tell` gets a line for each entry that is left out, or used in part. Raises `HarError`.

    What a browser got becomes the `response`, which a replay gives to the plugin.
    """
    entries = _entries(path)
    exchanges = []
    for number, entry in enumerate(entries, 1):
        try:
            exchange, remark = _exchange(entry, number)
        except Unusable as error:
            tell(f"{path}: entry {number}{_label(entry)}: left out: {error}")
            continue
        if remark:
            tell(f"{path}: entry {number}{_label(entry)}: {remark}")
        exchanges.append(exchange)
    return exchanges


def _entries(path: Path) -> list[Any]:
    text = read_text(path, HarError, _LARGEST)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as wrong:
        raise HarError(f"{path}:{wrong.lineno}:{wrong.colno}: is not JSON: {wrong.msg}") from None
    except (ValueError, RecursionError):
        raise HarError(f"{path}: is not a HAR file: it has numbers or nesting that no HAR file has") from None
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise HarError(f"{path}: is not a HAR file: it has no `log.entries`")
    return entries


def _label(entry: Any) -> str:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        return ""
    url = request["url"].partition("?")[0]
    return f" ({shown(str(request.get('method')), 20)} {shown(url, 100)})"


def _exchange(entry: Any, number: int) -> tuple[Exchange, str]:
    """Raises `Unusable`."""
    if not isinstance(entry, dict) or not isinstance(entry.get("request"), dict):
        raise Unusable("it has no request")
    _check_kind(entry)
    request = request_of(entry["request"])
    response, remark = _response(entry, entry.get("response"))
    fields = dict(request.headers)
    exchange = Exchange(
        name=f"{number}: {fields[':method']} {fields[':path'].partition('?')[0]}",
        config="",
        request=request,
        response=response,
        time_ns=time_ns_of(began) if isinstance(began := entry.get("startedDateTime"), str) else None,
        raw={"note": "from a HAR file"},
    )
    return exchange, remark


def _check_kind(entry: dict[str, Any]) -> None:
    url = entry["request"].get("url")
    scheme = urlsplit(url).scheme.lower() if isinstance(url, str) else ""
    response = entry.get("response")
    status = response.get("status") if isinstance(response, dict) else None
    if "_webSocketMessages" in entry or entry.get("_resourceType") == "websocket" or scheme in ("ws", "wss"):
        raise Unusable("a WebSocket")
    if scheme not in ("http", "https"):
        raise Unusable(f"its URL begins with {shown(scheme, 20) or 'no scheme'}:, not with http: or https:")
    if status == 101:
        raise Unusable("the connection changed to another protocol")


def _response(entry: dict[str, Any], response: Any) -> tuple[Message | None, str]:
    """The response, and what has to be said of it."""
    if not isinstance(response, dict) or not response.get("status"):
        reason = entry.get("_error") or (response.get("_error") if isinstance(response, dict) else None)
        why = f" ({shown(str(reason))})" if reason else ""
        return None, f"only its request is used: there was no response{why}"
    try:
        return response_of(response, entry["request"].get("method"))
    except Unusable as error:
        return None, f"only its request is used: {error}"
