"""One VM of a gateway: it passes the callbacks of the ABI to their plugins and streams."""

from __future__ import annotations

from typing import Final

from ..adapters.instance import begin
from ..core.definition import PluginDefinition
from ..core.running import running
from ..http_client import OUT_OF_ORDER
from ..text import to_text
from ..wire import ConfigError, Fields, LogLevel
from . import stages
from .attempt import Attempt
from .calls import (
    CALL_BODY,
    CALL_HEADERS,
    CONTINUE,
    PASS,
    PASS_WHOLE,
    PLUGIN_CONFIGURATION,
    REDIS_ANSWER,
    Abi,
    Gateway,
    RedisAbi,
)
from .pairs import split_pairs
from .port import Report
from .root import Root
from .stream import Stream

_OF_GATEWAYS: Final = frozenset(map(str, OUT_OF_ORDER))
_SERVICE_TIME: Final = "x-envoy-upstream-service-time"
"""A header of every answer that a service has made. Answers that Envoy makes itself do not have it."""


def _is_by_gateway(fields: Fields) -> bool:
    """Envoy answers for a service that does not: 504 after the timeout, 502 or 503 if the connection breaks or cannot
    be made."""
    if not fields or not fields[0][1].startswith("50"):
        return False
    answer = dict(fields)
    return answer.get(":status", "") in _OF_GATEWAYS and _SERVICE_TIME not in answer


class Machine:
    """A gateway may run several configurations of a plugin in one VM, each with a root context of its own.

    Methods are the ABI's callbacks without `on_`. Arguments are the ABI's: see `wit/proxy-wasm`.
    """

    def __init__(self, plugin: PluginDefinition, abi: Abi, redis: RedisAbi | None, error: type[Exception]) -> None:
        """`error` is what the bindings raise for a status that is not 0; `redis` is None where there is none."""
        self._plugin = plugin
        self._gateway = Gateway(abi, redis, error)
        self._abi = abi
        self._roots: dict[int, Root] = {}
        self._streams: dict[int, Stream[Root]] = {}
        self._exchanges: dict[bytes, stages.StagedStream[Root]] = {}
        self._second_stages: set[int] = set()
        """Contexts of filters in a second stage, and those of their streams that have not begun."""
        self._running: Root | None = None

    def configure(self, context: int, size: int) -> bool:
        """Configure a plugin. False: refused; the reason is logged, and an earlier configuration stays in use."""
        self._gateway.here = context
        config = self._abi.get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size) or b"" if size else b""
        if config == stages.CONFIGURATION:
            self._second_stages.add(context)
            return True
        root = Root(self._plugin, self._gateway, context, self._streams, self._exchanges)
        begin(root.dispatcher)
        self._running = root
        try:
            root.configure(config.decode())
        except UnicodeDecodeError as error:
            root.report(0, f"it is not UTF-8: {error}", Report.REFUSED)
        except ConfigError as error:
            root.report(0, str(error), Report.NO_REDIS if root.port.lacks_redis else Report.REFUSED)
        except BaseException as error:
            root.report(0, root.message(error), Report.NOT_STARTED)
        else:
            self._roots[context] = root
            return True
        return False

    # Streams.

    def context_create(self, context: int, parent: int) -> None:
        """A stream of the plugin whose context is `parent`. Plugins have theirs from their configuration."""
        if root := self._roots.get(parent):
            self._streams[context] = root.stream_class(root, context)
        elif parent in self._second_stages:
            self._second_stages.add(context)

    # Callbacks of every stream look the stream up themselves, without a call of `_stream`, which would cost more.

    def request_headers(self, context: int, parent: int, log_level: int, headers: bytes, end_of_stream: bool) -> int:
        """`parent` is 0 for a stream that has been created before."""
        self._gateway.here = context
        if parent and (root := self._roots.get(parent)):
            stream = self._streams[context] = root.stream_class(root, context)
        elif context in self._streams:
            stream = self._streams[context]
            root = stream.root
        else:
            return self._attempt(context, parent, headers, end_of_stream)
        if root is not self._running:
            self._turn_to(root)
        if log_level != root.log_level:
            root.follow_log_level(log_level)
        return stream.headers(stream.request, headers, end_of_stream)

    def _attempt(self, context: int, parent: int, headers: bytes, end_of_stream: bool) -> int:
        """The request headers of a stream in a second stage."""
        if parent not in self._second_stages:
            if context not in self._second_stages:
                return PASS
            self._second_stages.discard(context)
        stream = self._exchanges.get(stages.take_exchange(headers)[0])
        if stream is None:
            return PASS_WHOLE  # The stream has ended, or another VM has it; see docs/design.md.
        if stream.root is not self._running:
            self._turn_to(stream.root)
        attempt = self._streams[context] = Attempt(stream, context)
        return attempt.headers(attempt.request, headers, end_of_stream)

    def request_body(self, context: int, size: int, end_of_stream: bool) -> int:
        self._gateway.here = context
        stream = self._streams.get(context)
        if stream is None:
            return CONTINUE
        if stream.root is not self._running:
            self._turn_to(stream.root)
        return stream.body(stream.request, size, end_of_stream)

    def response_headers(self, context: int, headers: bytes, end_of_stream: bool) -> int:
        self._gateway.here = context
        stream = self._streams.get(context)
        if stream is None:
            return PASS
        if stream.root is not self._running:
            self._turn_to(stream.root)
        return stream.headers(stream.response, headers, end_of_stream)

    def response_body(self, context: int, size: int, end_of_stream: bool) -> int:
        self._gateway.here = context
        stream = self._streams.get(context)
        if stream is None:
            return CONTINUE
        if stream.root is not self._running:
            self._turn_to(stream.root)
        return stream.body(stream.response, size, end_of_stream)

    def request_trailers(self, context: int) -> int:
        stream = self._stream(context)
        return stream.trailers(stream.request) if stream else CONTINUE

    def response_trailers(self, context: int) -> int:
        stream = self._stream(context)
        return stream.trailers(stream.response) if stream else CONTINUE

    def log(self, context: int) -> None:
        """The access log is about to be written: the last chance to add something to it, so the end of the stream."""
        self._gateway.here = context
        stream = self._streams.pop(context, None)
        if stream is None:
            self._second_stages.discard(context)
            return
        if stream.root is not self._running:
            self._turn_to(stream.root)
        stream.close()

    def delete(self, context: int) -> None:
        """The end of streams without a log entry, and of plugins."""
        if context in self._streams:
            self.log(context)
        elif context in self._roots:
            del self._roots[context]
        else:
            self._second_stages.discard(context)

    # Events of the plugin.

    def tick(self, context: int) -> None:
        if root := self._root(context):
            root.tick()

    def http_call_response(self, context: int, call: int, header_count: int, body_size: int) -> None:
        """No headers: there was no answer. `context` is the plugin's, whoever made the call."""
        if root := self._root(context):
            fields = split_pairs(self._abi.get_header_map_pairs(CALL_HEADERS)) if header_count else []
            body = self._abi.get_buffer_bytes(CALL_BODY, 0, body_size) or b"" if body_size else b""
            if _is_by_gateway(fields):
                if root.dispatcher.log_level <= LogLevel.DEBUG:
                    waiting = root.dispatcher.calls.waits_for_http(call)
                    root.port.log(LogLevel.DEBUG, waiting, f"no answer to http call {call}: {to_text(body)}")
                fields, body = [], b""
            root.http_call_response(call, fields, body)

    def redis_call_response(self, context: int, call: int, status: int, size: int) -> None:
        """`status` other than 0: there was no answer."""
        if root := self._root(context):
            answer = None if status else self._abi.get_buffer_bytes(REDIS_ANSWER, 0, size) or b""
            root.redis_call_response(call, answer)

    # Plugins and streams by context.

    def _stream(self, context: int) -> Stream[Root] | None:
        self._gateway.here = context
        stream = self._streams.get(context)
        if stream is not None and stream.root is not self._running:
            self._turn_to(stream.root)
        return stream

    def _root(self, context: int) -> Root | None:
        """The plugin of this context, or of the stream with this context."""
        self._gateway.here = context
        stream = self._streams.get(context)
        root = stream.root if stream else self._roots.get(context)
        if root is not None and root is not self._running:
            self._turn_to(root)
        return root

    def _turn_to(self, root: Root) -> None:
        self._running = root
        running.set(root.dispatcher)
