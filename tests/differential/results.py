"""What client and upstreams have seen, as a result that `proxywasm_host.recordings.compare` can judge.

The two plugins run at different seconds and make up different things. What depends on that is put in the form that
recordings have, whose clock stood still: seconds, dates, signatures.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from tests.expected.golden import Golden

from proxywasm.wire import Fields
from proxywasm_host.recordings.exchange import Exchange, chunk_to_json
from proxywasm_host.recordings.replay import START_NS

from .client import Got
from .recorder import BY_ROUTE, Script

Result = dict[str, Any]

_SECONDS = START_NS // 10**9
_PARTS = ("upstream", "downstream", "local_reply", "callouts")
_FORGOTTEN = {
    ":scheme",
    BY_ROUTE,
    "connection",
    "date",
    "transfer-encoding",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-internal",
    "x-envoy-upstream-service-time",
    "x-forwarded-for",
    "x-forwarded-proto",
}
"""What HTTP/1.1 does not have, and what it or Envoy adds on the way."""
_WITHIN = 120
"""Seconds that a time may be away from now and still be told as the present."""
_NUMBERS = re.compile(rb"(?<![\w.])\d{10}(?:\d{3})?(?![\w.])")
_MADE_UP = [
    (re.compile(rb"\b20\d{6}T\d{6}Z\b"), b"20250101T000000Z"),
    (re.compile(rb"(?<=/)20\d{6}(?=/)"), b"20250101"),
    (re.compile(rb"(?<=/)20\d\d-\d\d-\d\d(?=/)"), b"2025-01-01"),
    (re.compile(rb"\bSignature=[0-9a-f]{64}\b"), b"Signature="),
    (re.compile(rb"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), b"a JSON web token"),
]


def result(exchange: Exchange, got: Got | None, script: Script, details: str) -> Result:
    """`details` are Envoy's words for where the response came from."""
    seen: Result = {"name": exchange.name, "start": "ok", "error": None, "logs": []}
    seen["upstream"] = _message(script.requests[-1].headers, script.requests[-1].body) if script.requests else None
    seen["downstream"] = seen["local_reply"] = None
    seen["callouts"] = [{"cluster": call.cluster, **_message(call.headers, call.body)} for call in script.calls]
    if got is None or not got.whole:
        # A plugin that replies when it is too late: how, nobody sees.
        seen["downstream"] = {"headers": got.headers if got else [], "body": [""], "reset": True}
    elif details.startswith("via_upstream"):
        seen["downstream"] = _message(got.headers, got.body)
    else:
        seen["local_reply"] = _message(got.headers, got.body) | {"details": details}
    return _comparable(seen, exchange)


def of_original(exchange: Exchange, live: Result) -> Exchange:
    """The exchange with what the original has just made of it in place of what was recorded.

    Where newer sources of the original differ from its build, either is fine. What it replies itself, as recorded, is
    taken from the recording: of a stream that was reset the reply is not on the wire, and sometimes it replies twice.
    """
    raw = dict(exchange.raw)
    recorded = _comparable({key: raw["expect"].get(key) for key in _PARTS}, exchange)
    found, reply = live["local_reply"], recorded["local_reply"]
    was_reset = (recorded["downstream"] or {}).get("reset") and (live["downstream"] or {}).get("reset")
    if was_reset:
        raw["expect"] = {"start": "ok", **recorded}
    elif found and reply and found["status"] == reply["status"]:
        raw["expect"] = live | {"local_reply": reply}
    else:
        raw["expect"] = live
    if "expect_main" in raw:
        raw["expect_main"] = _comparable(raw["expect_main"], exchange)
    return dataclasses.replace(exchange, raw=raw)


def of_golden(exchange: Exchange, expect: Mapping[str, Any], live: Result) -> Exchange:
    """The exchange with the golden result, as it looks on the wire, in place of what was recorded.

    Where the upstream does not answer Envoy does: what it says is taken from `live`, what the original got.
    """
    wanted = _comparable(json.loads(steady(json.dumps(expect).encode())), exchange)
    if wanted["upstream"] and exchange.response is None:
        wanted["local_reply"] = live["local_reply"]
    return Golden((), wanted).instead_of_recorded(exchange)


def _comparable(result: Result, exchange: Exchange) -> Result:
    """Without what is not on the wire, and what is on the wire only."""
    result = copy.deepcopy(result)
    messages = [result.get(key) for key in ("upstream", "downstream", "local_reply")]
    for found in [message for message in (*messages, *(result.get("callouts") or [])) if message]:
        found["headers"] = [[name, value] for name, value in found["headers"] if name not in _FORGOTTEN]
    for call in result.get("callouts") or []:
        # Bodies that are the same as values may differ in length.
        call["headers"] = [pair for pair in call["headers"] if pair[0] != "content-length"]
        call.pop("timeout_ms", None)
    if reply := result.get("local_reply"):
        status = [value for name, value in reply["headers"] if name == ":status"]
        reply["headers"] = [pair for pair in reply["headers"] if pair[0] not in (":status", "content-length")]
        reply["status"] = int(status[0]) if status else reply["status"]
    return _with_any_token(result, exchange)


def _with_any_token(result: Result, exchange: Exchange) -> Result:
    """Of several tokens each plugin takes another, by chance."""
    text = json.dumps(result)
    for tokens in re.findall(r'"apiTokens": \[([^]]*)\]', exchange.config):
        names = json.loads(f"[{tokens}]")
        if len(names) > 1:
            text = re.sub("|".join(rf"\b{re.escape(str(name))}\b" for name in names), "any-token", text)
    found: Result = json.loads(text)
    return found


def steady(data: bytes) -> bytes:
    """With the times of recordings, and without signatures that depend on them."""
    now = time.time()

    def standing_still(match: re.Match[bytes]) -> bytes:
        scale = 1000 if len(match[0]) == 13 else 1
        return str(_SECONDS * scale).encode() if abs(int(match[0]) / scale - now) < _WITHIN else match[0]

    data = _NUMBERS.sub(standing_still, data)
    for pattern, replacement in _MADE_UP:
        data = pattern.sub(replacement, data)
    return data


def _message(headers: Fields, body: bytes) -> Result:
    fields = [
        [name, steady(value.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")]
        for name, value in headers
    ]
    return {"headers": fields, "body": chunk_to_json(steady(body))}
