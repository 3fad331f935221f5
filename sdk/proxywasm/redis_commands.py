"""Typed Redis commands as a table: each row is a command, and its shape declares the arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from . import checks
from .checks import MAX_S64, MIN_S64
from .redis_answer import Callback
from .resp import Argument

Shape = TypeVar("Shape", bound="Bound")


def several(values: Iterable[Argument], what: str) -> list[Argument]:
    """Several arguments. A single text or bytes is an error, and not a list of characters."""
    if isinstance(values, str | bytes | bytearray | Mapping) or not isinstance(values, Iterable):
        raise TypeError(f"{what} must be a list, got {type(values).__name__}")
    return list(values)


def _items(pairs: Mapping[str, Argument]) -> Iterable[tuple[str, Argument]]:
    if not isinstance(pairs, Mapping):
        raise TypeError(f"pairs must be a mapping, got {type(pairs).__name__}")
    return pairs.items()


def _flat(pairs: Mapping[str, Argument]) -> list[Argument]:
    return [item for pair in _items(pairs) for item in pair]


class Sender(Protocol):
    """A client that has these commands as methods."""

    def command(self, arguments: Sequence[Argument], callback: Callback) -> None:
        """Send any command."""


class Bound:
    """A command of a client: call it with its arguments and the callback."""

    __slots__ = ("_client", "_words")

    def __init__(self, client: Sender, words: tuple[str, ...]) -> None:
        self._client = client
        self._words = words

    def _send(self, callback: Callback, *arguments: Argument) -> None:
        self._client.command([*self._words, *arguments], callback)


class Command(Generic[Shape]):
    """A row of the table; on a client it is the bound command."""

    def __init__(self, shape: type[Shape], *words: str) -> None:
        self._shape = shape
        self._words = words

    def __get__(self, client: Sender, owner: type) -> Shape:
        return self._shape(client, self._words)


class Key(Bound):
    def __call__(self, key: Argument, callback: Callback) -> None:
        self._send(callback, key)


class Keys(Bound):
    def __call__(self, keys: Iterable[Argument], callback: Callback) -> None:
        self._send(callback, *several(keys, "keys"))


class TwoKeys(Bound):
    def __call__(self, key1: Argument, key2: Argument, callback: Callback) -> None:
        self._send(callback, key1, key2)


class TwoKeysInto(Bound):
    def __call__(self, destination: Argument, key1: Argument, key2: Argument, callback: Callback) -> None:
        self._send(callback, destination, key1, key2)


class KeyValue(Bound):
    def __call__(self, key: Argument, value: Argument, callback: Callback) -> None:
        self._send(callback, key, value)


class KeyValues(Bound):
    def __call__(self, key: Argument, values: Iterable[Argument], callback: Callback) -> None:
        self._send(callback, key, *several(values, "values"))


class KeyNumber(Bound):
    def __call__(self, key: Argument, number: int, callback: Callback) -> None:
        self._send(callback, key, checks.number(number, "the number of a Redis command", MIN_S64, MAX_S64))


class KeyRange(Bound):
    def __call__(self, key: Argument, start: Argument, stop: Argument, callback: Callback) -> None:
        self._send(callback, key, start, stop)


class KeyField(Bound):
    def __call__(self, key: Argument, field: Argument, callback: Callback) -> None:
        self._send(callback, key, field)


class KeyFieldValue(Bound):
    def __call__(self, key: Argument, field: Argument, value: Argument, callback: Callback) -> None:
        self._send(callback, key, field, value)


class Pairs(Bound):
    def __call__(self, pairs: Mapping[str, Argument], callback: Callback) -> None:
        self._send(callback, *_flat(pairs))


class KeyPairs(Bound):
    def __call__(self, key: Argument, pairs: Mapping[str, Argument], callback: Callback) -> None:
        self._send(callback, key, *_flat(pairs))


class KeyCountValue(Bound):
    def __call__(self, key: Argument, count: int, value: Argument, callback: Callback) -> None:
        self._send(callback, key, checks.number(count, "a count", MIN_S64, MAX_S64), value)


class KeyScores(Bound):
    """Redis wants each score before its member."""

    def __call__(self, key: Argument, scores: Mapping[str, Argument], callback: Callback) -> None:
        self._send(callback, key, *[item for member, score in _items(scores) for item in (score, member)])


class KeyMemberDelta(Bound):
    """Redis wants the delta before the member."""

    def __call__(self, key: Argument, member: Argument, delta: Argument, callback: Callback) -> None:
        self._send(callback, key, delta, member)


class KeyWhereValue(Bound):
    def __call__(self, key: Argument, pivot: Argument, value: Argument, callback: Callback) -> None:
        *words, where = self._words
        self._client.command([*words, key, where, pivot, value], callback)


class SetWithTTL(Bound):
    """`SET key value [NX] [EX ttl]`. With a `ttl` of 0 the key does not expire."""

    def __call__(self, key: Argument, value: Argument, ttl: int, callback: Callback) -> None:
        checks.number(ttl, "the time to live", 0, MAX_S64)
        command, *flags = self._words
        expiry = ("EX", ttl) if ttl else ()
        self._client.command([command, key, value, *flags, *expiry], callback)


class Commands:
    """The methods of a client, one for each command."""

    # Keys.
    delete = Command(Key, "DEL")
    exists = Command(Key, "EXISTS")
    expire = Command(KeyNumber, "EXPIRE")
    persist = Command(Key, "PERSIST")
    # Strings.
    get = Command(Key, "GET")
    set = Command(KeyValue, "SET")
    setex = Command(SetWithTTL, "SET")
    setnx = Command(SetWithTTL, "SET", "NX")
    mget = Command(Keys, "MGET")
    mset = Command(Pairs, "MSET")
    incr = Command(Key, "INCR")
    decr = Command(Key, "DECR")
    incrby = Command(KeyNumber, "INCRBY")
    decrby = Command(KeyNumber, "DECRBY")
    # Lists.
    llen = Command(Key, "LLEN")
    rpush = Command(KeyValues, "RPUSH")
    rpop = Command(Key, "RPOP")
    lpush = Command(KeyValues, "LPUSH")
    lpop = Command(Key, "LPOP")
    lindex = Command(KeyNumber, "LINDEX")
    lrange = Command(KeyRange, "LRANGE")
    lrem = Command(KeyCountValue, "LREM")
    linsert_before = Command(KeyWhereValue, "LINSERT", "BEFORE")
    linsert_after = Command(KeyWhereValue, "LINSERT", "AFTER")
    # Hashes.
    hexists = Command(KeyField, "HEXISTS")
    hdel = Command(KeyValues, "HDEL")
    hlen = Command(Key, "HLEN")
    hget = Command(KeyField, "HGET")
    hset = Command(KeyFieldValue, "HSET")
    hmget = Command(KeyValues, "HMGET")
    hmset = Command(KeyPairs, "HMSET")
    hkeys = Command(Key, "HKEYS")
    hvals = Command(Key, "HVALS")
    hgetall = Command(Key, "HGETALL")
    hincrby = Command(KeyFieldValue, "HINCRBY")
    hincrbyfloat = Command(KeyFieldValue, "HINCRBYFLOAT")
    # Sets.
    scard = Command(Key, "SCARD")
    sadd = Command(KeyValues, "SADD")
    srem = Command(KeyValues, "SREM")
    sismember = Command(KeyField, "SISMEMBER")
    smembers = Command(Key, "SMEMBERS")
    sdiff = Command(TwoKeys, "SDIFF")
    sdiffstore = Command(TwoKeysInto, "SDIFFSTORE")
    sinter = Command(TwoKeys, "SINTER")
    sinterstore = Command(TwoKeysInto, "SINTERSTORE")
    sunion = Command(TwoKeys, "SUNION")
    sunionstore = Command(TwoKeysInto, "SUNIONSTORE")
    # Sorted sets.
    zcard = Command(Key, "ZCARD")
    zadd = Command(KeyScores, "ZADD")
    zcount = Command(KeyRange, "ZCOUNT")
    zincrby = Command(KeyMemberDelta, "ZINCRBY")
    zscore = Command(KeyField, "ZSCORE")
    zrank = Command(KeyField, "ZRANK")
    zrevrank = Command(KeyField, "ZREVRANK")
    zrem = Command(KeyValues, "ZREM")
    zrange = Command(KeyRange, "ZRANGE")
    zrevrange = Command(KeyRange, "ZREVRANGE")
