"""Redis call-outs: `RedisClient(cluster).get("key", callback)`. The callback gets the answer.

They belong to streams as HTTP call-outs do: pause the stream, and resume it from the callback.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from . import checks, log
from .checks import MAX_U32
from .clusters import Cluster, checked_cluster
from .core.running import current, running
from .errors import RedisCallError, RedisError, RuleError
from .redis_answer import Callback, RedisAnswer
from .redis_commands import Commands, several
from .resp import Argument, RespError, RespValue, decode, encode_command
from .wire import LogLevel

DEFAULT_TIMEOUT_MS = 1000


class RedisClient(Commands):
    """Sends commands to one Redis service, or Redis cluster.

    Call `init` first, for example in `parse_config`. Every command raises `RedisCallError` if nothing was sent; then
    the callback will not be called. For commands without a method of their own there is `command`.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = checked_cluster(cluster)
        self._settings: tuple[str, str, str, int] | None = None

    def init(
        self,
        username: str = "",
        password: str = "",
        timeout_ms: int = DEFAULT_TIMEOUT_MS,
        *,
        database: int = 0,
        buffer_flush_timeout_ms: int = 3,
        max_buffer_size_before_flush: int = 1024,
        disable_buffer: bool = False,
    ) -> None:
        """Set how the service is reached.

        Commands are collected for at most `buffer_flush_timeout_ms`, or until they have
        `max_buffer_size_before_flush` bytes, and sent together; `disable_buffer` sends each command at once. A service
        that cannot be reached is not an error here: each command tries again.
        """
        username = checks.name(username, "the name of a Redis user")
        password = checks.name(password, "a Redis password")
        timeout_ms = checks.number(timeout_ms, "timeout_ms", 1, MAX_U32)
        database = checks.number(database, "database", 0, MAX_U32)
        buffer_flush_timeout_ms = checks.number(buffer_flush_timeout_ms, "buffer_flush_timeout_ms", 0, MAX_U32)
        max_buffer_size_before_flush = checks.number(
            max_buffer_size_before_flush, "max_buffer_size_before_flush", 0, MAX_U32
        )
        if checks.flag(disable_buffer, "disable_buffer"):
            buffer_flush_timeout_ms = max_buffer_size_before_flush = 0
        options = {"db": database} if database else {}
        options["buffer_flush_timeout"] = buffer_flush_timeout_ms
        options["max_buffer_size_before_flush"] = max_buffer_size_before_flush
        cluster = f"{checks.name(self.cluster.cluster_name, 'the name of a cluster')}?{urlencode(options)}"
        self._settings = cluster, username, password, timeout_ms
        if running.get() is not None:
            # While modules are loaded there is no host yet. Then the first command connects.
            try:
                self._get_ready(again=True)
            except RedisCallError as error:
                log.warn("Redis %s cannot be reached now, it will be tried again: %s", self.cluster.cluster_name, error)

    def ready(self) -> bool:
        """Whether the host said that the service can be reached."""
        return self.cluster.cluster_name in current("ready()").calls.redis_ready

    def command(self, arguments: Sequence[Argument], callback: Callback) -> None:
        """Any command: `client.command(["ZADD", "key", "NX", 1, "member"], callback)`."""
        checks.function(callback, "the callback of a Redis command")
        query = encode_command(several(arguments, "the words of a Redis command"))
        self._get_ready()
        self._send(query, callback, retry=True)

    def eval(self, script: str, keys: Sequence[Argument], args: Sequence[Argument], callback: Callback) -> None:
        """Run a Lua script on the server."""
        checks.text(script, "a script")
        keys, args = several(keys, "the keys of a script"), several(args, "the arguments of a script")
        self.command(["EVAL", script, len(keys), *keys, *args], callback)

    def _get_ready(self, *, again: bool = False) -> None:
        if self._settings is None:
            raise RuleError("call init() of the Redis client before its commands, for example in parse_config")
        calls = current("a Redis command").calls
        name = self.cluster.cluster_name
        if again or name not in calls.redis_ready:
            calls.redis_ready.discard(name)
            current("a Redis command").host.redis_init(*self._settings)
            calls.redis_ready.add(name)

    def _send(self, query: bytes, callback: Callback, *, retry: bool) -> None:
        def answered(response: bytes | None) -> None:
            value = _value(response)
            if retry and isinstance(value, RedisError) and "NOAUTH" in str(value):
                # The server was restarted, or its password has changed: the connection has to authenticate again.
                try:
                    self._get_ready(again=True)
                    self._send(query, callback, retry=False)
                except RedisCallError as error:
                    log.error("Redis %s wants a password, and cannot be reached: %s", cluster, error)
                else:
                    return
            if log.enabled_for(LogLevel.DEBUG):
                log.debug("%s", f"redis call {number} is answered{'' if log.is_safe_log_enabled() else f': {value!r}'}")
            callback(RedisAnswer(value))

        cluster = self.cluster.cluster_name
        instance = current("a Redis command")
        number = instance.calls.redis(instance.stream, cluster, query, answered)
        if log.enabled_for(LogLevel.DEBUG):
            log.debug("%s", f"redis call {number} to {cluster}{'' if log.is_safe_log_enabled() else f': {query!r}'}")


def _value(response: bytes | None) -> RespValue:
    if response is None:
        return RedisError("cannot connect to redis cluster, or no answer in time")
    try:
        return decode(response)
    except RespError as error:
        return RedisError(f"cannot read redis response: {error}")
