"""Other exchanges like the recorded ones: other words, ids, models, failures and cuts, in question and answer.

What has to come out follows from what comes out for the recorded exchange, which is expected there or in its golden
file: the same with the other words, the same for another cut, and so on. What holds for the very words of a recording
only is found out.
"""

from __future__ import annotations

import copy
import json
import random
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.variant_requests import other_requests

from proxywasm_host.recordings import bodies
from proxywasm_host.recordings.exchange import chunk_to_json

Raw = dict[str, Any]

# Of one length in bytes, so that no `content-length` has to change; none is a part of a word that means something.
WORDS: Final = {
    "capital": "harbour",
    "France": "Norway",
    "Paris": "Bergn",
    "upstream said no": "upstream says so",
    "Rate limit reached": "Late limit reached",
    "The server had an error": "The server was on fire!",
    "Invalid value for": "Unlikely word for",
    "Incorrect API key": "Incorrect APX key",
    "Preprocessor error": "Postprocessor oops",
    "Overloaded": "Overweight",
    "slow down": "calm down",
    "upstream timed out": "upstream timid now",
    "get_weather": "get_climate",
    "get_stock_price": "get_house_price",
    "img.example.cn": "pic.example.cn",
    "photo.jpg": "plant.jpg",
    "你好": "您早",
    "用户在打招呼": "某人想打招呼",
    "应当礼貌": "必须简短",
    "###": "@@@",
    "7a1f": "9c3e",
    "b2c9": "d4f1",
    "c2lnbmF0dXJl": "c2lnbmF0dXJs",
}
MODELS: Final = {  # Each with another of its family: a model of another one may get another request.
    "gpt-4": "gpt-3",
    "gpt-3.5": "gpt-4.5",
    "fallback-model": "fallbuck-model",
    "gemini-1.5-pro": "gemini-1.7-pro",
    "qwen-max": "qwen2-7b",
    "LongCat": "LongDog",
    "command-r-plus": "command-r7b-12",
    "mapped": "napped",
}
FAILURES: Final = {
    "overloaded_error": ("rate_limit_error", "429"),
    "AuthFailure": ("LimitExceed", "502"),
    "InvalidParameter": ("Throttling.Quota", "429"),
    "11200": ("10013", "400"),
    "1008": ("1004", "401"),
}
"""Codes of services for what failed, others in their place, and the status that these mean (502: unknown)."""
STATUSES: Final = {"400": ("403", "500"), "401": ("529",), "429": ("503",), "500": ("404",)}
OPENAI_TYPES: Final = {
    "400": "invalid_request_error",
    "401": "authentication_error",
    "403": "permission_error",
    "404": "invalid_request_error",
    "429": "rate_limit_error",
}
ANTHROPIC_TYPES: Final = {**OPENAI_TYPES, "404": "not_found_error", "529": "overloaded_error"}
"""What an error object says of a status; of any other it says `server_error` or `api_error`."""

_MADE_FROM_WORDS: Final = re.compile(r"Signature=|assertion=|x-mse-consumer|PRIVATE KEY")
"""What covers the words of an exchange, or is chosen by them."""


def variants(raw: Mapping[str, Any]) -> Iterator[tuple[str, Raw]]:
    """Each with what is different in it."""
    raw = dict(raw)
    if "expect" not in raw or raw.get("known_bug"):
        return
    document = json.dumps(raw, ensure_ascii=False)
    if not _MADE_FROM_WORDS.search(document):
        # An expression of `modelMapping` may be about the name of a model.
        yield "words", reworded(raw, WORDS if '"~' in document else {**WORDS, **MODELS})
    yield from _other_failures(raw)
    yield from _other_statuses(raw)
    if _is_stream(raw):
        yield "cut", cut(raw, seed=1)
        yield "cut again", cut(raw, seed=2)
    if (again := remapped(raw)) is not None:
        yield "mapping", again
    yield from other_requests(raw)


def reworded(raw: Raw, words: Mapping[str, str]) -> Raw:
    """The same with other words, wherever they are."""
    pattern = re.compile(b"|".join(re.escape(old.encode()) for old in sorted(words, key=len, reverse=True)))

    def change(data: bytes) -> bytes:
        return pattern.sub(lambda found: words[found[0].decode()].encode(), data)

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            return change(value.encode()).decode()
        if key == "body" and isinstance(value, dict):
            return chunk_to_json(change(bodies.join(value)))
        if key == "body" and isinstance(value, list):
            # A chunk may end within a word.
            pieces = [bodies.join(chunk) for chunk in value]
            rest, changed = _sealed(change(b"".join(pieces))), []
            for piece in pieces:
                changed.append(chunk_to_json(rest[: len(piece)]))
                rest = rest[len(piece) :]
            return changed
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {walk(name): walk(item, name) for name, item in value.items()}
        return value

    return {key: value if key in ("name", "note") else walk(value, key) for key, value in raw.items()}


def _sealed(data: bytes) -> bytes:
    """Frames of an AWS event stream with the right check sums; anything else as it is."""
    result = bytearray(data)
    start = 0
    while start + 12 <= len(data):
        length, _, seal = struct.unpack_from(">III", data, start)
        if zlib.crc32(data[start : start + 8]) != seal or start + length > len(data):
            return data
        end = start + length - 4
        struct.pack_into(">I", result, end, zlib.crc32(result[start:end]))
        start += length
    return bytes(result)


def _other_failures(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """Other codes in errors, with the status that they mean where the answer of the service has a status of success."""
    document = json.dumps(raw, ensure_ascii=False)
    for old, (new, meant) in FAILURES.items():
        if old in document and raw.get("response") and raw["expect"].get("downstream"):
            given = dict(raw["response"]["headers"])[":status"]
            changed = reworded(raw, {old: new})
            yield "failures", _failing(changed, meant if given == "200" else given)


def _other_statuses(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """Other failures of the upstream; a retry would depend on them."""
    provider = _provider(raw)
    old = dict((raw.get("response") or {"headers": ()})["headers"]).get(":status", "")
    if "retryOnFailure" in provider or "failover" in provider or not raw["expect"].get("downstream"):
        return
    for new in STATUSES.get(old, ()):
        changed = copy.deepcopy(raw)
        headers = changed["response"]["headers"]
        changed["response"]["headers"] = [[":status", new] if name == ":status" else [name, at] for name, at in headers]
        yield f"status {new}", _failing(changed, new)


def _failing(raw: Raw, status: str) -> Raw:
    """With this status in the answer, unless that is a success, and what it means in the errors that we write."""
    downstream = raw["expect"]["downstream"]
    headers = downstream["headers"]
    if [":status", "200"] not in headers:
        headers = [[":status", status] if name == ":status" else [name, value] for name, value in headers]
    data = bodies.join(downstream["body"])
    body = bodies.parse(data, event_stream=bodies.is_event_stream(headers))
    if data != bodies.join(raw["response"]["body"]):
        match body:
            case bodies.JsonBody(document):
                _retype(document, status)
            case bodies.SseBody(events):
                for event in events:
                    _retype(event.data, status)
    changed = {**downstream, "headers": headers, "body": [bodies.unparse(body)]}
    return {**raw, "expect": {**raw["expect"], "downstream": changed}}


def _retype(document: Any, status: str) -> None:
    if isinstance(document, dict) and isinstance(error := document.get("error"), dict) and "type" in error:
        anthropic = document.get("type") == "error"
        types, other = (ANTHROPIC_TYPES, "api_error") if anthropic else (OPENAI_TYPES, "server_error")
        error["type"] = types.get(status, other)


def _is_stream(raw: Raw) -> bool:
    downstream, response = raw["expect"].get("downstream"), raw.get("response")
    if not downstream or not response or "reset" in downstream:
        return False
    return bodies.is_event_stream(downstream["headers"]) and len(bodies.join(response["body"])) > 1


def cut(raw: Raw, seed: int) -> Raw:
    """The stream of the response cut elsewhere; its meaning is that of the stream as it was recorded."""
    data = bodies.join(raw["response"]["body"])
    choose = random.Random(seed)
    cuts = sorted(choose.sample(range(1, len(data)), min(12, len(data) - 1)))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    response = {**raw["response"], "body": [*map(chunk_to_json, pieces), ""]}
    uncut = bodies.join(raw["expect"]["downstream"]["body"]).decode()
    return {"expect_semantic": uncut, **raw, "response": response}


def _provider(raw: Raw) -> Raw:
    provider = raw["config"].get("provider") if isinstance(raw["config"], dict) else None
    return provider if isinstance(provider, dict) else {}


def remapped(raw: Raw) -> Raw | None:
    """The same model mapping, written otherwise; None if there is none that could be, or another one beside it."""
    provider = _provider(raw)
    mapping, request = provider.get("modelMapping"), bodies.parse(bodies.join(raw["request"].get("body", [])))
    asked = (
        request.value.get("model") if isinstance(request, bodies.JsonBody) and isinstance(request.value, dict) else ""
    )
    if not isinstance(asked, str) or not asked or not mapping or [*mapping] != ["*"] or "failover" in provider:
        return None
    again = {asked[:3] + "*": mapping["*"], asked[:1] + "*": "too-short", "*": "another"}
    return {**raw, "config": {**raw["config"], "provider": {**provider, "modelMapping": again}}}
