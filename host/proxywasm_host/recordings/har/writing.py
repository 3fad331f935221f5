"""Write exchanges as HAR 1.2: what the clients asked, and what they got."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from proxywasm.text import encode
from proxywasm.wire import Fields

from ..exchange import Exchange, Message, time_text
from ..files import write_whole
from ..results import answer_of

_HTTP = "HTTP/1.1"


def dump_har(exchanges: Sequence[Exchange], path: Path) -> None:
    """Raises `OSError`."""
    creator = {"name": "proxywasm", "version": version("proxywasm")}
    log = {"version": "1.2", "creator": creator, "pages": [], "entries": [_entry(each) for each in exchanges]}
    write_whole(path, encode(json.dumps({"log": log}, ensure_ascii=False, indent=1) + "\n"))


def _entry(exchange: Exchange) -> dict[str, Any]:
    answer = answer_of(exchange)
    times = exchange.response.times_ms if exchange.response else ()
    sent = exchange.request.times_ms[-1] if exchange.request.times_ms else 0
    began = times[0] if times else sent
    ended = max(times[-1] if times else sent, began)
    return {
        "startedDateTime": time_text(exchange.time_ns or 0),
        "time": ended,
        "request": _request(exchange.request),
        "response": _nothing() if answer is None else _response(answer),
        "cache": {},
        "timings": {"send": sent, "wait": max(began - sent, 0), "receive": ended - began},
        "comment": exchange.name,
    }


def _request(message: Message) -> dict[str, Any]:
    fields, body = dict(message.headers), b"".join(message.body)
    url = f"{fields.get(':scheme', 'http')}://{fields.get(':authority', '')}{fields.get(':path', '/')}"
    request = {
        "method": fields.get(":method", "GET"),
        "url": url,
        "httpVersion": _HTTP,
        "cookies": _cookies(message.headers, "cookie"),
        "headers": _headers(message.headers),
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        request["postData"] = {"mimeType": fields.get("content-type", ""), **_text(body)}
    return request


def _response(message: Message) -> dict[str, Any]:
    fields, body = dict(message.headers), b"".join(message.body)
    status = int(fields.get(":status", 0))
    return {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": _HTTP,
        "cookies": _cookies(message.headers, "set-cookie"),
        "headers": _headers(message.headers),
        "content": {"size": len(body), "mimeType": fields.get("content-type", ""), **_text(body)},
        "redirectURL": fields.get("location", ""),
        "headersSize": -1,
        "bodySize": len(body),
    }


def _nothing() -> dict[str, Any]:
    """What browsers write where there was no response."""
    content = {"size": 0, "mimeType": "x-unknown"}
    return {
        "status": 0, "statusText": "", "httpVersion": _HTTP, "cookies": [], "headers": [], "content": content,
        "redirectURL": "", "headersSize": -1, "bodySize": -1,
    }  # fmt: skip


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode("ascii"), "encoding": "base64"}


def _headers(fields: Fields) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in fields if not name.startswith(":")]


def _cookies(fields: Fields, header: str) -> list[dict[str, str]]:
    cookies: list[dict[str, str]] = []
    for name, value in fields:
        if name == header:
            try:
                cookies += [{"name": key, "value": morsel.value} for key, morsel in SimpleCookie(value).items()]
            except CookieError:
                continue
    return cookies
