"""Counts in Redis: right across several gateways. In our own host and in Higress; stock Envoy has no Redis."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..core.running import current
from ..errors import RedisCallError
from ..redis import RedisClient
from ..redis_answer import RedisAnswer
from ..resp import Argument
from ..text import to_bytes
from .kinds import Change, Demand, Limit, Standing, StorageError, Taken
from .scripts import CHANGE, TAKE, Script

_LONGEST_KEY: Final = 200
_MOST_CHANGES: Final = 500
"""In one command, so that Redis has time for others."""


class RedisStorage:
    """Counts in a Redis service (6 or later), or in what speaks its protocol and runs Lua scripts.

    Call `init` of the client first. All keys of a limiter have the same hash tag, so a Redis cluster keeps them on one
    node. Each key expires when nothing of it counts any more.

    Args:
        client: the service.
        clock: milliseconds since 1970; by default Redis' own clock.
    """

    def __init__(self, client: RedisClient, *, clock: Callable[[], int] | None = None) -> None:
        self._client = client
        self._clock = clock
        self._prefix = ""

    def open(self, name: str) -> None:
        self._prefix = f"{{proxywasm.limits:{name}}}:"

    def take(self, demands: Sequence[Demand], done: Callable[[Taken | StorageError], object]) -> None:
        keys: list[Argument] = []
        arguments: list[Argument] = [self._now()]
        for limit, key, amount in demands:
            keys.append(self._key(limit, key))
            arguments += (limit.limit, limit.unit, limit.refill, amount)

        def answered(numbers: list[int] | StorageError) -> None:
            done(numbers if isinstance(numbers, StorageError) else _taken(demands, numbers))

        self._run(TAKE, keys, arguments, answered)

    def change(self, changes: Sequence[Change], done: Callable[[Sequence[int] | StorageError], object]) -> None:
        """`done` gets the slices in which was taken. Of many changes each part is carried out as a whole."""
        found: list[int] = []

        def part() -> None:
            some = changes[len(found) : len(found) + _MOST_CHANGES]
            arguments: list[Argument] = [self._now()]
            for limit, _, at, back, more in some:
                arguments += (limit.limit, limit.unit, limit.refill, at, back, more)
            self._run(CHANGE, [self._key(change.limit, change.key) for change in some], arguments, answered)

        def answered(numbers: list[int] | StorageError) -> None:
            if isinstance(numbers, StorageError):
                done(numbers)
                return
            found.extend(numbers)
            if numbers and len(found) < len(changes):
                part()
            else:
                done(found)

        part()

    def _now(self) -> Argument:
        return "" if self._clock is None else self._clock()

    def _key(self, limit: Limit, key: str) -> str:
        if len(key) > _LONGEST_KEY:
            key = _digest(key)
        return f"{self._prefix}{limit.name}:{key}"

    def _run(
        self,
        script: Script,
        keys: Sequence[Argument],
        arguments: Sequence[Argument],
        done: Callable[[list[int] | StorageError], object],
    ) -> None:
        rest: list[Argument] = [len(keys), *keys, *arguments]

        def answered(answer: RedisAnswer) -> None:
            error = answer.error
            if error is not None and str(error).startswith("NOSCRIPT"):
                # Redis was started anew, or another node has the key now: it learns the script by running it.
                self._send(["EVAL", script.text, *rest], finished, done)
            else:
                finished(answer)

        def finished(answer: RedisAnswer) -> None:
            done(_numbers(answer))

        self._send(["EVALSHA", script.digest, *rest], answered, done)

    def _send(
        self,
        words: Sequence[Argument],
        answered: Callable[[RedisAnswer], object],
        done: Callable[[list[int] | StorageError], object],
    ) -> None:
        instance = current("a limit")
        # In the name of the plugin: what a stream has asked for is cancelled when the stream ends, and then it would be
        # unknown whether Redis has counted it.
        before, instance.current = instance.current, 0
        try:
            self._client.command(words, answered)
        except RedisCallError as error:
            failed = StorageError(f"Redis cannot be asked: {error}")
        else:
            return
        finally:
            instance.current = before
        done(failed)


def _digest(key: str) -> str:
    return hashlib.sha256(to_bytes(key)).hexdigest()


def _numbers(answer: RedisAnswer) -> list[int] | StorageError:
    if (error := answer.error) is not None:
        return StorageError(f"Redis: {error}")
    value: Any = answer.value
    if not isinstance(value, list) or not all(type(number) is int for number in value):
        return StorageError("Redis: the script has answered something else than numbers")
    return value


def _taken(demands: Sequence[Demand], numbers: list[int]) -> Taken | StorageError:
    refused, wait, *rest = numbers if len(numbers) > 1 else (-1, 0)
    if not 0 <= refused <= len(demands) or len(rest) != 3 * (refused or len(demands)):
        return StorageError("Redis: the script has answered another number of limits")
    used, resets, slices = rest[::3], rest[1::3], rest[2::3]
    standings = tuple(
        Standing(demand.limit.limit, *numbers) for demand, *numbers in zip(demands, used, resets, strict=False)
    )
    return Taken(None, 0, standings, tuple(slices)) if not refused else Taken(refused - 1, wait, standings, ())
