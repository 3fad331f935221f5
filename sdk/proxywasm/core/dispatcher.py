"""From host events to callbacks and back: the implementation of `wire.Program` for all plugins."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..errors import ConfigError
from ..headers import Headers
from ..text import encode, spell_out
from ..wire import (
    Command,
    EffectiveContext,
    FailStream,
    Fields,
    ForeignFunctionError,
    Host,
    LogLevel,
    Outcome,
    PluginFailure,
)
from . import log_lines, rules
from .definition import PluginDefinition
from .instance import PluginInstance
from .phases import Phases
from .trailers import Trailers

MEMORY_CHECK_EVERY = 16
"""Requests between two checks of the instance's memory, which changes slowly."""

# What `run` is given for each event. Functions, not bound methods: Python calls those in a frame of its own interpreter
# loop, if it calls them with a tuple of arguments.
_REQUEST_HEADERS, _REQUEST_BODY = Phases.request_headers, Phases.request_body
_RESPONSE_HEADERS, _RESPONSE_BODY = Phases.response_headers, Phases.response_body
_DONE = Phases.done
_PLUGIN_NAME = ("plugin_name",)
_unfinished = log_lines.unfinished


class Dispatcher(PluginInstance):
    """Runs one plugin: finds the context of an event, calls the callback, returns what the plugin asked for.

    During a call, `running.running` must return its instance, and `print` must write to `log_lines`. The adapter sets
    both, because it knows whether the process has other plugins.

    It catches every exception of the plugin, of any class: a callback that raises ends its phase with `PluginFailure`,
    which has the traceback, and the commands of that callback are dropped.
    """

    def __init__(self, plugin: PluginDefinition, host: Host) -> None:
        super().__init__(plugin, host)
        self.fail_open = False
        """`_fail_open_` of the configuration, for gateways whose own policy covers only crashes of the VM."""
        self.again_limit = 0
        """`_sends_again_` of the configuration: how large a request's body may be so that a gateway with two stages can
        send the request again; 0: it has no second stage."""
        self._plugin = plugin
        self._callbacks = plugin.callbacks
        self._phases = Phases(self, plugin.callbacks)
        self._configs: rules.ConfigTable[Any] = rules.ConfigTable(rules.NO_CONFIG)
        self._requests = 0
        self._counts_requests = False
        """Whether the plugin asks for fresh instances; known when it has started."""

    def become(self, plugin: PluginDefinition) -> None:
        """Run another plugin. Whoever has this object, or a bound method of it, keeps it."""
        self.__init__(plugin, self.unchecked_host)  # type: ignore[misc]

    # The events of wire.Program. Headers come as adapters have made them of what their host gives.

    def configure(self, config: str, log_level: LogLevel) -> None:
        self.log_level = log_level
        log_lines.install(log_level)
        try:
            self.run(0, self._start, spell_out(config))
        except PluginFailure as failure:
            # Only here does it refuse the configuration. From a stream's callback it is an ordinary failure.
            refused = failure.__cause__
            if issubclass(type(refused), ConfigError) and (message := _message(refused)):
                raise ConfigError(message) from BaseException.__getattribute__(refused, "__cause__")
            raise

    def on_request_headers(self, context: int, headers: Headers, end_of_stream: bool) -> list[Command] | None:
        ctx = self._callbacks.stream_context(self, context, headers, end_of_stream)
        configs = self._configs
        if self._counts_requests:
            self._count_request(context)
        if configs.rules:
            host = self.host
            config = configs.select(ctx.host, lambda name: host.get_property(context, (name,)))
        else:
            config = configs.global_config
        if config is rules.NO_CONFIG:
            return None
        ctx.config = config
        self.contexts[context] = ctx
        return self.run(context, _REQUEST_HEADERS, self._phases, ctx)  # type: ignore[return-value]  # as all but bodies

    def on_request_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        ctx = self.contexts.get(context)
        if ctx is None:
            return None
        return self.run(context, _REQUEST_BODY, self._phases, ctx, body, end_of_stream)

    def on_request_trailers(self, context: int, trailers: Trailers) -> Outcome:
        ctx = self.contexts.get(context)
        return None if ctx is None else self.run(context, self._phases.request_trailers, ctx, trailers)

    def on_response_headers(self, context: int, headers: Headers, end_of_stream: bool) -> list[Command] | None:
        ctx = self.contexts.get(context)
        if ctx is None:
            return None
        ctx.response_arrived(headers, end_of_stream)
        return self.run(context, _RESPONSE_HEADERS, self._phases, ctx)  # type: ignore[return-value]  # as all but bodies

    def on_response_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        ctx = self.contexts.get(context)
        if ctx is None:
            return None
        return self.run(context, _RESPONSE_BODY, self._phases, ctx, body, end_of_stream)

    def on_response_trailers(self, context: int, trailers: Trailers) -> Outcome:
        ctx = self.contexts.get(context)
        return None if ctx is None else self.run(context, self._phases.response_trailers, ctx, trailers)

    def on_response_broken(self, context: int) -> Outcome:
        ctx = self.contexts.get(context)
        return None if ctx is None else self.run(context, self._phases.response_broken, ctx)

    def on_done(self, context: int) -> list[Command] | None:
        ctx = self.contexts.get(context)
        if ctx is None:
            return None
        ctx.end()
        try:
            return self.run(context, _DONE, self._phases, ctx)  # type: ignore[return-value]  # as all but bodies
        finally:
            self.contexts.pop(context, None)
            if ctx.http_calls or ctx.redis_calls:
                self.calls.forget(ctx)

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        waiting = self.calls.http_answered(call)
        return None if waiting is None else self.run(*waiting, headers, body, own=0)

    def on_redis_call_response(self, call: int, response: bytes | None) -> Outcome:
        waiting = self.calls.redis_answered(call)
        return None if waiting is None else self.run(*waiting, response, own=0)

    def on_tick(self) -> Outcome:
        commands: list[Command] = []
        for function in self.ticks.due():
            try:
                outcome = self.run(0, _without_answer, function, own=0)
            except PluginFailure as failure:
                # One timer must not stop the others, nor itself the next time.
                commands += (EffectiveContext(0), FailStream(str(failure)))
            else:
                assert not isinstance(outcome, bytes)
                commands += outcome or ()
        return commands or None

    @property
    def reads_trailers(self) -> tuple[bool, bool]:
        """Whether the plugin has callbacks for the trailers of requests, and for those of responses."""
        return self._callbacks.request_trailers is not None, self._callbacks.response_trailers is not None

    # Start.

    def _start(self, config: str) -> None:
        plugin, context = self._plugin, self.plugin_context
        if self.host.get_property(0, _PLUGIN_NAME) is None:
            # Envoy knows the name that the deployment gave the plugin; other hosts learn it from us, for their log.
            self.host.set_property(0, _PLUGIN_NAME, encode(plugin.name))
        context.rule_isolation = plugin.rule_isolation
        if self._callbacks.pre_start_or_reload:
            self._callbacks.pre_start_or_reload(context)
        if plugin.max_requests_per_io_cycle:
            self._limit_requests_per_io_cycle(plugin.max_requests_per_io_cycle)
        document = _document(config)
        self.fail_open = document.pop("_fail_open_", False)
        if not isinstance(self.fail_open, bool):
            raise ConfigError(f"_fail_open_ must be true or false, not {self.fail_open!r}")
        again_limit = document.pop("_sends_again_", 0)
        if type(again_limit) is not int or again_limit < 0:
            raise ConfigError(f"_sends_again_ must be a number of bytes, not {again_limit!r}")
        if again_limit:
            self.sends_again, self.again_limit = True, again_limit
        plugin_id = document.pop("_plugin_id_", "")
        if plugin_id:
            context.plugin_id = str(plugin_id)
            self.host.set_property(0, ("plugin_id",), encode(context.plugin_id))
        callbacks = self._callbacks
        parse_global = callbacks.parse_config or (lambda document: document)
        override = callbacks.parse_override_config
        self._configs = rules.parse(
            document,
            parse_global,
            override or (lambda rule, _: parse_global(rule)),
            context,
        )
        if self._configs.global_config is not rules.NO_CONFIG:
            context.config = self._configs.global_config
        for period, function in callbacks.ticks:
            self.ticks.register(period, lambda function=function: function(context))  # type: ignore[misc]
        self.ticks.start()
        self.started = True
        self._phases.start()
        self._counts_requests = bool(plugin.rebuild_after_requests or plugin.rebuild_max_memory)

    def _limit_requests_per_io_cycle(self, limit: int) -> None:
        try:
            self.host.call_foreign_function("set_global_max_requests_per_io_cycle", limit.to_bytes(8, "little"))
        except ForeignFunctionError as error:
            log_lines.write(LogLevel.WARN, f"max_requests_per_io_cycle has no effect: {error}")

    # Callbacks.

    def _count_request(self, context: int) -> None:
        """Count a request, and ask for a fresh instance when a limit is reached."""
        plugin, host = self._plugin, self.host
        self._requests += 1
        rebuild = plugin.rebuild_after_requests and self._requests % plugin.rebuild_after_requests == 0
        if plugin.rebuild_max_memory and self._requests % MEMORY_CHECK_EVERY == 1:
            memory = host.get_property(context, ("plugin_vm_memory",))
            rebuild = rebuild or (memory is not None and int.from_bytes(memory, "little") >= plugin.rebuild_max_memory)
        if rebuild:
            try:
                host.set_property(context, ("wasm_need_rebuild",), b"true")
            except RuntimeError as error:  # no callback runs yet, and the stream is not to blame
                host.log(LogLevel.WARN, context, f"the host was not told that a fresh instance is wanted: {error}")

    # Around every callback.

    def run(self, context: int, function: Callable[..., Any], *args: Any, own: int | None = None) -> Outcome:
        """Call and collect. `own` is the stream that commands concern by default, if not the context of the call."""
        self.current = context
        try:
            try:
                body: bytes | None = function(*args)
            finally:
                if _unfinished:
                    log_lines.finish_lines()
            touched = self.touched
            if not touched:
                return body
            mine = touched.pop(context if own is None else own, None)
            commands = mine.take_commands() if mine else []
            return self._with_others(commands) if touched else commands
        except BaseException as error:  # in Wasm it would otherwise trap, and every stream would be lost
            touched, self.touched = self.touched, {}
            for ctx in touched.values():
                ctx.drop_commands()
            raise PluginFailure(self.traceback(error)) from error

    def _with_others(self, commands: list[Command]) -> list[Command]:
        """These commands, and those for other streams than that of the event."""
        touched, self.touched = self.touched, {}
        return [*commands, *[c for ctx in touched.values() for c in (EffectiveContext(ctx.id), *ctx.take_commands())]]


def _document(config: str) -> dict[str, Any]:
    try:
        document = json.loads(config) if config.strip() else {}
    except ValueError as error:
        raise ConfigError(f"the configuration is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"the configuration must be a JSON object, not {type(document).__name__}")
    return document


def _without_answer(function: Callable[[], object]) -> None:
    """Call a callback and ignore its result: an author may have written it as a lambda."""
    function()


def _message(error: BaseException | None) -> str:
    """The message of an exception; empty if the author's class raises instead."""
    try:
        return spell_out(str(error))
    except BaseException:
        return ""
