"""Other exchanges like the recorded ones: other words, ids, models, failures and cuts, in question and answer.

The original treats them as it treated the recorded ones, so what it would have answered follows from what it did
answer. What holds for the recorded exchanges by their very words only is found out.
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

from proxywasm_host import bodies
from proxywasm_host.exchange import chunk_to_json

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
MODELS: Final = {
    "gpt-": "opt-",
    "fallback-model": "fallbuck-model",
    "gemini-1.5-pro": "gemini-1.7-pro",
    "qwen-max": "qwen-min",
    "LongCat": "LongDog",
    "command-r-plus": "command-a-plus",
    "mapped": "napped",
}
FAILURES: Final = {
    "overloaded_error": "rate_limit_error",
    "AuthFailure": "LimitExceed",
    "InvalidParameter": "Throttling.Quota",
    "11200": "10013",
    '"status_code":1008': '"status_code":1004',
    "code: 1008": "code: 1004",
}
STATUSES: Final = {"400": ("403", "500"), "401": ("529",), "429": ("503",), "500": ("404",)}

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
    yield "failures", reworded(raw, FAILURES)
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


def _other_statuses(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """Other failures of the upstream, which the original passes on as they are; a retry would depend on them."""
    provider = _provider(raw)
    old = dict((raw.get("response") or {"headers": ()})["headers"]).get(":status", "")
    if "retryOnFailure" in provider or "failover" in provider:
        return
    for new in STATUSES.get(old, ()):
        changed = copy.deepcopy(raw)
        for message in (changed["response"], changed["expect"]["downstream"]):
            message["headers"] = [[":status", new] if pair == [":status", old] else pair for pair in message["headers"]]
        yield f"status {new}", changed


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
