"""Keeps responses for clients of the Responses API: in data that all workers share, or in Redis.

Shared data has no way to delete a key. So the store in memory has a fixed number of keys: buckets with an index each,
and slots with one response each, which are written again and again.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, TypeAlias

from proxywasm import (
    Action,
    FQDNCluster,
    HttpContext,
    LimitError,
    RedisAnswer,
    RedisCallError,
    RedisClient,
    log,
    shared_data,
)

from ..config.settings.stored_responses import StoredResponses
from ..wire.errors import ApiError
from .waiting import resume

Then: TypeAlias = Callable[[bytes | ApiError | None], Action | None]
"""Continues with a response, with None if there is none, or with the error of the store."""
Saved: TypeAlias = Callable[[bool], None]
"""Continues with whether a response is kept."""
Deleted: TypeAlias = Callable[[ApiError | None], None]
"""Continues when a response is deleted, or with the error of the store."""

_BUCKETS: Final = 16
"""A response belongs to the bucket of the last digit of its id."""
_SLOTS: Final = 64
_PREFIX: Final = "ai-proxy.responses"


class ResponseStore(ABC):
    """A store of responses by their ids. Their number, size and age are bounded."""

    def __init__(self, settings: StoredResponses) -> None:
        self._ttl = settings.ttl
        self.largest: Final = settings.max_bytes // _BUCKETS
        """Bytes of the largest response that is kept."""

    @abstractmethod
    def load(self, ctx: HttpContext, response_id: str, then: Then) -> Action | None:
        """Call `then` with a response, perhaps later. Returns the action for the callback of the request."""

    @abstractmethod
    def save(self, response_id: str, record: bytes, then: Saved) -> bool:
        """Keep a response. Calls `then`, now or later; returns whether it is later. A failure is logged."""

    @abstractmethod
    def delete(self, response_id: str, then: Deleted) -> None:
        """Forget a response. Calls `then`, perhaps later."""


class MemoryStore(ResponseStore):
    def load(self, ctx: HttpContext, response_id: str, then: Then) -> Action | None:  # noqa: ARG002
        return then(self._find(response_id))

    def save(self, response_id: str, record: bytes, then: Saved) -> bool:
        then(self._keep(response_id, record))
        return False

    def _keep(self, response_id: str, record: bytes) -> bool:
        head = response_id.encode() + b"\n"
        size = len(head) + len(record)
        bucket = _bucket(response_id)
        if bucket is None or size > self.largest:
            return False
        place = _Place(response_id, size, time.time(), self._ttl, self.largest)
        try:
            shared_data.update(bucket, place.reserve)
            for slot in place.freed:
                shared_data.set(f"{bucket}.{slot}", b"")
            shared_data.set(f"{bucket}.{place.slot}", head + record)
        except LimitError as error:
            log.warn("a response is not kept: %s", error)
            return False
        return True

    def delete(self, response_id: str, then: Deleted) -> None:
        found = _lookup(response_id)
        if found is not None:
            shared_data.set(found[0], b"")
        then(None)

    def _find(self, response_id: str) -> bytes | None:
        found = _lookup(response_id)
        if found is None or found[1] <= time.time():
            return None
        stored, head = shared_data.get(found[0]), response_id.encode() + b"\n"
        if stored is None or not stored.value.startswith(head):
            return None  # It was deleted, or another worker has just replaced it.
        return stored.value[len(head) :]


def _bucket(response_id: str) -> str | None:
    digit = response_id[-1:]
    return f"{_PREFIX}.{digit}" if digit in "0123456789abcdef" and digit else None


_Entry: TypeAlias = "tuple[str, int, int, float]"
"""Id, slot, size, and the time when it is forgotten."""


def _entries(index: bytes | None) -> list[_Entry]:
    """The entries of a bucket, the oldest first."""
    return [(one[0], one[1], one[2], one[3]) for one in json.loads(index)] if index else []


def _lookup(response_id: str) -> tuple[str, float] | None:
    """The key of a response, and when it is forgotten."""
    bucket = _bucket(response_id)
    stored = shared_data.get(bucket) if bucket is not None else None
    for known, slot, _, forgotten_at in _entries(stored.value if stored is not None else None):
        if known == response_id:
            return f"{bucket}.{slot}", forgotten_at
    return None


class _Place:
    """Finds a slot for a response, and which others have to go."""

    def __init__(self, response_id: str, size: int, now: float, ttl: int, most: int) -> None:
        self._response_id = response_id
        self._size = size
        self._now = now
        self._ttl = ttl
        self._most = most
        self.slot = 0
        self.freed: set[int] = set()

    def reserve(self, index: bytes | None) -> bytes:
        """The index with this response. Called again if another worker has changed the index meanwhile."""
        entries = _entries(index)
        kept = [one for one in entries if one[3] > self._now]
        total = sum(one[2] for one in kept)
        while kept and (total + self._size > self._most or len(kept) >= _SLOTS):
            total -= kept.pop(0)[2]
        used = {one[1] for one in kept}
        self.slot = next(slot for slot in range(_SLOTS) if slot not in used)
        self.freed = {one[1] for one in entries} - used - {self.slot}
        kept.append((self._response_id, self.slot, self._size, self._now + self._ttl))
        return json.dumps(kept).encode()


class RedisStore(ResponseStore):
    def __init__(self, settings: StoredResponses) -> None:
        super().__init__(settings)
        self._client = RedisClient(FQDNCluster(settings.service_name, settings.service_port))
        self._client.init(settings.username, settings.password, settings.timeout, database=settings.database)

    def load(self, ctx: HttpContext, response_id: str, then: Then) -> Action | None:
        def answered(answer: RedisAnswer) -> None:
            value = answer.error or answer.value
            found = value if isinstance(value, bytes) else _unavailable(value) if value is not None else None
            resume(ctx, lambda _: then(found), None)

        try:
            self._client.command(["GET", _key(response_id)], answered)
        except RedisCallError as error:
            return then(_unavailable(error))
        return Action.PAUSE

    def save(self, response_id: str, record: bytes, then: Saved) -> bool:
        if len(record) > self.largest:
            then(False)
            return False
        words: list[str | bytes | int] = ["SET", _key(response_id), record, "EX", self._ttl]
        return self._send(words, lambda error: then(error is None))

    def delete(self, response_id: str, then: Deleted) -> None:
        self._send(["DEL", _key(response_id)], then)

    def _send(self, words: list[str | bytes | int], then: Deleted) -> bool:
        """Send a command whose answer says only whether it has failed. Returns whether that is known later."""

        def answered(answer: RedisAnswer) -> None:
            then(None if answer.error is None else _unavailable(answer.error))

        try:
            self._client.command(words, answered)
        except RedisCallError as error:
            then(_unavailable(error))
            return False
        return True


def _key(response_id: str) -> str:
    return f"{_PREFIX}:{response_id}"


def _unavailable(why: object) -> ApiError:
    log.error("the store of responses has failed: %s", why)
    return ApiError(503, "the store of responses cannot be reached; try again later", code="store_unavailable")


def of_settings(settings: StoredResponses | None) -> ResponseStore | None:
    if settings is None:
        return None
    return MemoryStore(settings) if settings.store == "memory" else RedisStore(settings)
