"""Carry out the Redis commands that plugins send, with the `redis` package (extra `redis`).

For whoever drives a runner: take `RedisCall`s from its services, `RedisCalls.execute` them (in threads, if others must
not wait), and give the answers to `Runner.redis_call_response`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, TypeAlias

import redis

from proxywasm.errors import RedisError
from proxywasm.resp import RespError, RespValue, decode, encode_value

from .services import RedisCall, RedisSettings

_log = logging.getLogger("proxywasm.redis")

Address: TypeAlias = tuple[str, int]
"""Host and port."""


class RedisCalls:
    """Connections to the Redis services of a gateway; threads may share it.

    Args:
        addresses: where the clusters are, by the name that plugins call them.
    """

    def __init__(self, addresses: Mapping[str, Address]) -> None:
        self._addresses = addresses
        self._lock = threading.Lock()
        self._pools: dict[RedisSettings, redis.ConnectionPool] = {}

    def execute(self, call: RedisCall) -> bytes | None:
        """The answer as RESP bytes, None if there is none: the server cannot be reached, or takes too long."""
        try:
            arguments = decode(call.query)
        except RespError as error:
            return encode_value(RedisError(f"ERR {error}"))
        if not isinstance(arguments, list) or not all(isinstance(argument, bytes) for argument in arguments):
            return encode_value(RedisError("ERR a command is a list of strings"))
        try:
            answer = self._ask(self._pool(call.settings), arguments)
        except (redis.ResponseError, redis.AuthenticationError) as error:
            return encode_value(_error(error))
        except (redis.RedisError, OSError) as error:
            _log.warning("Redis %s: %s", call.cluster, error)
            return None
        return encode_value(_value(answer))

    def _ask(self, pool: redis.ConnectionPool, arguments: list[RespValue]) -> Any:
        connection = pool.get_connection()
        try:
            connection.send_command(*arguments)  # type: ignore[no-untyped-call]
            return connection.read_response(disable_decoding=True)
        except redis.ResponseError:
            raise
        except BaseException:
            # The answer may still be on its way: the next command must not get it.
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise
        finally:
            pool.release(connection)

    def close(self) -> None:
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.disconnect()

    def _pool(self, settings: RedisSettings) -> redis.ConnectionPool:
        with self._lock:
            pool = self._pools.get(settings)
            if pool is None:
                if settings.cluster not in self._addresses:
                    raise redis.ConnectionError(f"the address of {settings.cluster!r} is not known")
                host, port = self._addresses[settings.cluster]
                seconds = settings.timeout_ms / 1000
                pool = self._pools[settings] = redis.ConnectionPool(
                    host=host,
                    port=port,
                    username=settings.username or None,
                    password=settings.password or None,
                    db=int(settings.options.get("db", 0)),
                    socket_timeout=seconds,
                    socket_connect_timeout=seconds,
                    protocol=2,
                )
            return pool


def _error(error: redis.RedisError) -> RedisError:
    # The package cuts the code off the message.
    code = getattr(error, "status_code", None)
    return RedisError(f"{code} {error}" if code and not str(error).startswith(code) else str(error))


def _value(answer: Any) -> RespValue:
    """The package's values are those of the codec, but for errors inside lists."""
    if isinstance(answer, list):
        return [_value(item) for item in answer]
    if isinstance(answer, redis.RedisError):
        return _error(answer)
    if answer is None or isinstance(answer, bytes | int):
        return answer
    return str(answer).encode()
