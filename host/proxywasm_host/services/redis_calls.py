"""Carry out the Redis commands that plugins send, with the `redis` package (extra `redis`).

For programs that drive a runner: take `RedisCall`s from its services, `RedisCalls.execute` them (in threads, if other
streams must not wait), and give the answers to `Runner.redis_call_response`.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import redis

from proxywasm.errors import RedisError
from proxywasm.resp import RespError, RespValue, encode_value

from ..limit_fields import too_many
from . import Limits, RedisCall, RedisSettings

_log = logging.getLogger("proxywasm.redis")

Address: TypeAlias = tuple[str, int]
"""Host and port."""


class RedisCalls:
    """Connections to the Redis services of a gateway; threads may share it.

    Args:
        addresses: where the clusters are, by the name that plugins call them.
        limits: for how many services connections are kept open, once their command is done. A plugin may introduce
            one again and again, each time with other settings: those used last are kept.
    """

    def __init__(self, addresses: Mapping[str, Address], limits: Limits | None = None) -> None:
        self._addresses = addresses
        limits = limits or Limits()
        self._kept = limits.redis_services
        self._arguments = limits.redis_arguments
        self._lock = threading.Lock()
        self._services: dict[RedisSettings, _Service] = {}  # what was used last comes last

    def execute(self, call: RedisCall) -> bytes | None:
        """The answer as RESP bytes, None if there is none: the server cannot be reached, or takes too long."""
        try:
            arguments = _arguments(call.query, self._arguments)
        except RespError as error:
            return encode_value(RedisError(f"ERR {error}"))
        try:
            with self._service(call.settings) as pool:
                answer = _ask(pool, arguments)
        except _SettingsError as error:
            return encode_value(RedisError(f"ERR {error}"))
        except (redis.ResponseError, redis.AuthenticationError) as error:
            return encode_value(_error(error))
        except (redis.RedisError, OSError) as error:
            _log.warning("Redis %s: %s", call.cluster, error)
            return None
        return encode_value(_value(answer))

    def close(self) -> None:
        """Close all connections, those in use when their command is done."""
        self._kept = 0
        self._close_surplus()

    @contextlib.contextmanager
    def _service(self, settings: RedisSettings) -> Iterator[redis.ConnectionPool]:
        with self._lock:
            service = self._services.pop(settings, None) or _Service(self._connections(settings))
            self._services[settings] = service
            service.users += 1
        try:
            yield service.connections
        finally:
            with self._lock:
                service.users -= 1
            self._close_surplus()

    def _close_surplus(self) -> None:
        with self._lock:
            unused = [settings for settings, service in self._services.items() if not service.users]
            surplus = [self._services.pop(settings) for settings in unused[: max(len(self._services) - self._kept, 0)]]
        for service in surplus:
            service.connections.disconnect()

    def _connections(self, settings: RedisSettings) -> redis.ConnectionPool:
        if settings.cluster not in self._addresses:
            raise redis.ConnectionError(f"the address of {settings.cluster!r} is not known")
        host, port = self._addresses[settings.cluster]
        seconds = settings.timeout_ms / 1000
        return redis.ConnectionPool(
            host=host,
            port=port,
            username=settings.username or None,
            password=settings.password or None,
            db=_database(settings),
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            protocol=2,
        )


class _Service:
    """The connections with one plugin's settings, and how many commands use them now."""

    __slots__ = ("connections", "users")

    def __init__(self, connections: redis.ConnectionPool) -> None:
        self.connections = connections
        self.users = 0


class _SettingsError(Exception):
    """The plugin's settings of a service are invalid."""


def _database(settings: RedisSettings) -> int:
    given = settings.options.get("db", "0")
    if not (given.isascii() and given.isdigit()):
        raise _SettingsError(f"the service {settings.cluster!r} has the option db={given!r}, which is no number")
    return int(given)


_COUNT: Final = re.compile(rb"\*([1-9][0-9]{0,9})\r\n")
_STRING: Final = re.compile(rb"\$([0-9]{1,10})\r\n")


def _arguments(query: bytes, most: int) -> list[bytes]:
    """Of a command, which is a list of strings. Raises `RespError` for anything else, and for more than `most`.

    `proxywasm.resp.decode` would build everything that the bytes announce before it could be counted.
    """
    head = _COUNT.match(query)
    if head is None:
        raise RespError("a command is a list of strings")
    count, position = int(head[1]), head.end()
    if count > most:
        raise RespError(too_many("arguments", count, most))
    arguments = []
    for _ in range(count):
        string = _STRING.match(query, position)
        if string is None:
            raise RespError("a command is a list of strings")
        end = string.end() + int(string[1])
        if query[end : end + 2] != b"\r\n":
            raise RespError("a string does not end where it should")
        arguments.append(query[string.end() : end])
        position = end + 2
    if position != len(query):
        raise RespError("a command is followed by something else")
    return arguments


def _ask(pool: redis.ConnectionPool, arguments: list[bytes]) -> Any:
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
