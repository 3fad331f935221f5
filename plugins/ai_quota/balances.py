"""What consumers have left, in the gateway's shared data or in Redis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from proxywasm import LimitError, RedisAnswer, RedisCallError, RedisClient, shared_data

from .money import MOST

_EXPIRES: Final = 75 * 86_400
"""Seconds that Redis keeps the balance of a month, from its first use."""


class Account(NamedTuple):
    """A consumer's balance in one month."""

    consumer: str
    month: str
    """Empty: the balance is not renewed."""
    initial: int | None
    """What there is at the beginning; None: nothing, until an administrator gives something."""


class Failed(NamedTuple):
    """The storage has not answered, or with an error."""

    reason: str


class Taken(NamedTuple):
    allowed: bool
    balance: int


Answered = Callable[[int | Failed], object]


class Balances(Protocol):
    """Functions that are passed are called exactly once, at once or later."""

    def take(self, account: Account, reserve: int, done: Callable[[Taken | Failed], object]) -> None:
        """Whether something is left. If so, `reserve` is taken."""

    def add(self, account: Account, amount: int, done: Answered) -> None:
        """`done` gets the new balance."""

    def put(self, account: Account, balance: int, done: Answered) -> None: ...

    def read(self, account: Account, done: Answered) -> None: ...


class SharedBalances:
    """Right across the workers of one gateway. Each consumer has one key, also after a month has ended: keys of Envoy's
    shared data cannot be deleted.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix: Final = f"ai-quota:{prefix}"

    def take(self, account: Account, reserve: int, done: Callable[[Taken | Failed], object]) -> None:
        taken = Taken(False, 0)

        def change(balance: int) -> int:
            nonlocal taken
            taken = Taken(balance > 0, balance)
            return balance - reserve if balance > 0 else balance

        entry = shared_data.get(self._prefix + account.consumer)
        balance = _balance(account, entry.value if entry else None)
        if balance <= 0 or not reserve:  # nothing is written, so requests of nobody take no room
            done(Taken(balance > 0, balance))
            return
        failed = self._update(account, change)
        done(failed if isinstance(failed, Failed) else taken)

    def add(self, account: Account, amount: int, done: Answered) -> None:
        done(self._update(account, lambda balance: balance + amount))

    def put(self, account: Account, balance: int, done: Answered) -> None:
        done(self._update(account, lambda _: balance))

    def read(self, account: Account, done: Answered) -> None:
        entry = shared_data.get(self._prefix + account.consumer)
        done(_balance(account, entry.value if entry else None))

    def _update(self, account: Account, change: Callable[[int], int]) -> int | Failed:
        balance = 0

        def changed(old: bytes | None) -> bytes:
            nonlocal balance
            balance = _bounded(change(_balance(account, old)))
            return f"{max(account.month, _month(old))} {balance}".encode()

        try:
            entry = shared_data.get(self._prefix + account.consumer)
            if account.month and entry is not None and _month(entry.value) > account.month:
                return _balance(account, entry.value)  # the month that this belongs to is over
            shared_data.update(self._prefix + account.consumer, changed)
        except (LimitError, RuntimeError) as error:
            return Failed(str(error))
        return balance


def _month(stored: bytes | None) -> str:
    return stored.decode().partition(" ")[0] if stored else ""


def _balance(account: Account, stored: bytes | None) -> int:
    """A balance of an earlier month does not count. One of a later month does: the clock has gone backwards."""
    if stored is not None:
        month, _, balance = stored.decode().partition(" ")
        if not account.month or month >= account.month:
            return int(balance)
    return account.initial or 0


_TAKE: Final = """\
local balance = redis.call('GET', KEYS[1])
if not balance then
  if ARGV[1] == '' then return {0, '0'} end
  balance = ARGV[1]
  redis.call('SET', KEYS[1], balance)
  if ARGV[3] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
end
local number = tonumber(balance)
if not number then return redis.error_reply('ERR the balance is no number') end
if number <= 0 then return {0, balance} end
if ARGV[2] ~= '0' then redis.call('DECRBY', KEYS[1], ARGV[2]) end
return {1, balance}
"""
_ADD: Final = """\
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SET', KEYS[1], ARGV[1] == '' and '0' or ARGV[1])
  if ARGV[3] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
end
return tostring(redis.call('INCRBY', KEYS[1], ARGV[2]))
"""


class RedisBalances:
    """Right across several gateways. The key of a consumer is that of Higress' ai-quota; with a monthly budget each
    month has its own, which expires.
    """

    def __init__(self, client: RedisClient, prefix: str) -> None:
        self._client: Final = client
        self._prefix: Final = prefix

    def take(self, account: Account, reserve: int, done: Callable[[Taken | Failed], object]) -> None:
        def answered(answer: RedisAnswer) -> None:
            value = answer.value if answer.error is None else None
            number = _number(value[1]) if isinstance(value, list) and len(value) == 2 else None
            if answer.error is not None or number is None or not isinstance(value, list):
                done(_failed(answer))
            else:
                done(Taken(value[0] == 1, number))

        self._eval(_TAKE, account, reserve, answered, done)

    def add(self, account: Account, amount: int, done: Answered) -> None:
        self._eval(_ADD, account, amount, _numbers(done), done)

    def put(self, account: Account, balance: int, done: Answered) -> None:
        words: list[str | int] = ["SET", self._key(account), balance]
        if account.month:
            words += ["EX", _EXPIRES]

        def answered(answer: RedisAnswer) -> None:
            done(balance if answer.error is None else _failed(answer))

        self._send(words, answered, done)

    def read(self, account: Account, done: Answered) -> None:
        def answered(answer: RedisAnswer) -> None:
            if answer.error is None and answer.value is None:
                done(account.initial or 0)
            else:
                _numbers(done)(answer)

        self._send(["GET", self._key(account)], answered, done)

    def _key(self, account: Account) -> str:
        key = self._prefix + account.consumer
        return f"{key}:{account.month}" if account.month else key

    def _eval(
        self,
        script: str,
        account: Account,
        amount: int,
        answered: Callable[[RedisAnswer], None],
        done: Callable[[Failed], object],
    ) -> None:
        initial = "" if account.initial is None else account.initial
        expires = _EXPIRES if account.month else 0
        self._send(["EVAL", script, 1, self._key(account), initial, amount, expires], answered, done)

    def _send(
        self, words: list[str | int], answered: Callable[[RedisAnswer], None], done: Callable[[Failed], object]
    ) -> None:
        try:
            self._client.command(words, answered)
        except RedisCallError as error:
            done(Failed(str(error)))


def _numbers(done: Answered) -> Callable[[RedisAnswer], None]:
    def answered(answer: RedisAnswer) -> None:
        number = None if answer.error is not None else _number(answer.value)
        done(_failed(answer) if number is None else number)

    return answered


def _number(value: object) -> int | None:
    """None for what is no number: another program has written it."""
    if isinstance(value, int):
        return value
    try:
        return _bounded(int(value)) if isinstance(value, bytes) else None
    except ValueError:
        return None


def _failed(answer: RedisAnswer) -> Failed:
    return Failed("the balance in Redis is no whole number" if answer.error is None else str(answer.error))


def _bounded(balance: int) -> int:
    return max(min(balance, MOST), -MOST)
