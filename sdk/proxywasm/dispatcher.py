"""From host events to callbacks and back: what is behind the `Program` that every plugin is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import log, rules
from .boundary import Boundary
from .calls import Calls
from .context import HttpContext
from .errors import ConfigError
from .headers import Headers
from .phases import Phases
from .plugin import Plugin
from .plugin_context import PluginContext, Ticks
from .text import encode, spell_out
from .tracebacks import plugin_traceback
from .wire import (
    Command,
    EffectiveContext,
    FailStream,
    Fields,
    ForeignFunctionError,
    Host,
    LogLevel,
    MetricKind,
    Outcome,
    PluginFailure,
)

MEMORY_CHECK_EVERY = 16
"""Requests between two questions how much memory the instance uses: it does not change that fast."""

_unfinished = log.unfinished


class Dispatcher:
    """Runs one plugin: finds the context of an event, calls the callback, returns what the plugin asked for.

    While it is called it has to be what `runtime.running` says, and `print` has to reach `log`. That is the adapter's
    part, who knows whether the process has other plugins.

    Nothing that the plugin raises gets past it, whatever its class: a callback that raises ends its phase with
    `PluginFailure`, which has the traceback, and what that callback asked for is dropped.
    """

    ends_process: tuple[type[BaseException], ...] = ()
    """What is meant for the process and not for a stream."""

    def __init__(self, plugin: Plugin[Any], host: Host) -> None:
        self.host: Host = Boundary(host)
        self.log_level = LogLevel.INFO
        self.safe_log = plugin.safe_log
        self.fail_open = False
        """`_fail_open_` of the configuration, for gateways whose own policy covers only crashes of the VM."""
        self.plugin_context = PluginContext(self, plugin.name)
        self.calls = Calls(self)
        self.ticks = Ticks(self)
        self.metrics: dict[tuple[MetricKind | str, ...], int] = {}
        """Numbers of the metrics that have been used, by kind, name and values of labels."""
        self.metrics_refused: set[str] = set()
        """What the log has been told about metrics that cannot be defined."""
        self.current = 0
        """The context that the running callback belongs to."""
        self._plugin = plugin
        self._callbacks = plugin.callbacks
        self._phases = Phases(self, plugin.callbacks)
        self._configs: rules.ConfigTable[Any] = rules.ConfigTable(rules.NO_CONFIG)
        # Only streams that some configuration applies to; the others are none of the plugin's business.
        self._contexts: dict[int, HttpContext] = {}
        self.touched: dict[int, HttpContext] = {}
        """Streams that have something to tell the host in the outcome of the running callback."""
        self._requests = 0

    # The events of wire.Program. Headers come as adapters have made them of what their host gives.

    def configure(self, config: str, log_level: LogLevel) -> None:
        self.log_level = log_level
        log.install(log_level)
        try:
            self.run(0, self._start, spell_out(config))
        except PluginFailure as failure:
            # Only here does it refuse something; out of a stream's callback it is a failure like any other.
            refused = failure.__cause__
            if issubclass(type(refused), ConfigError) and (message := _message(refused)):
                raise ConfigError(message) from BaseException.__getattribute__(refused, "__cause__")
            raise

    def on_request_headers(self, context: int, headers: Headers, end_of_stream: bool) -> list[Command] | None:
        ctx = HttpContext(self, context, headers, end_of_stream)
        plugin, configs = self._plugin, self._configs
        if plugin.rebuild_after_requests or plugin.rebuild_max_memory:
            self._count_request(context)
        if configs.rules:
            host = self.host
            config = configs.select(ctx.host, lambda name: host.get_property(context, (name,)))
        else:
            config = configs.global_config
        if config is rules.NO_CONFIG:
            return None
        ctx.config = config
        self._contexts[context] = ctx
        return self.run(context, self._phases.request_headers, ctx)  # type: ignore[return-value]  # as all but bodies

    def on_request_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        ctx = self._contexts.get(context)
        return None if ctx is None else self.run(context, self._phases.request_body, ctx, body, end_of_stream)

    def on_response_headers(self, context: int, headers: Headers, end_of_stream: bool) -> list[Command] | None:
        ctx = self._contexts.get(context)
        if ctx is None:
            return None
        ctx.response_arrived(headers, end_of_stream)
        return self.run(context, self._phases.response_headers, ctx)  # type: ignore[return-value]  # as all but bodies

    def on_response_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        ctx = self._contexts.get(context)
        return None if ctx is None else self.run(context, self._phases.response_body, ctx, body, end_of_stream)

    def on_done(self, context: int) -> list[Command] | None:
        ctx = self._contexts.get(context)
        if ctx is None:
            return None
        ctx.end()
        try:
            return self.run(context, self._phases.done, ctx)  # type: ignore[return-value]  # as all but bodies
        finally:
            self._contexts.pop(context, None)
            self.calls.forget(ctx)

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        return self.calls.http_answered(call, headers, body)

    def on_redis_call_response(self, call: int, response: bytes | None) -> Outcome:
        return self.calls.redis_answered(call, response)

    def on_tick(self) -> Outcome:
        commands: list[Command] = []
        for function in self.ticks.due():
            try:
                outcome = self.run(0, _without_answer, function, own=0)
            except PluginFailure as failure:
                # One timer must not stop the others, nor itself the next time.
                self.host.log(LogLevel.ERROR, 0, str(failure))
            else:
                assert not isinstance(outcome, bytes)
                commands += outcome or ()
        return commands or None

    # For contexts, clients and the log.

    @property
    def stream(self) -> HttpContext | None:
        """The stream that call-outs made now belong to; None: to the plugin itself."""
        ctx = self._contexts.get(self.current)
        return None if ctx is None or ctx.ended else ctx

    def request_header(self, context: int, name: str) -> str:
        """Of a stream that a configuration applies to; empty for others."""
        ctx = self._contexts.get(context)
        return "" if ctx is None else ctx.request_headers.get(name, "")

    def emit_log(self, level: LogLevel, message: str) -> None:
        self.host.log(level, self.current, message)

    # Start.

    def _start(self, config: str) -> None:
        plugin, context = self._plugin, self.plugin_context
        if context.get_property("plugin_name") is None:
            # Envoy knows the name that the deployment gave the plugin; other hosts learn it from us, for their log.
            context.set_property("plugin_name", encode(plugin.name))
        if plugin.rule_isolation:
            context.enable_rule_level_config_isolation()
        if self._callbacks.pre_start_or_reload:
            self._callbacks.pre_start_or_reload(context)
        if plugin.max_requests_per_io_cycle:
            self._limit_requests_per_io_cycle(plugin.max_requests_per_io_cycle)
        document = _document(config)
        self.fail_open = document.pop("_fail_open_", False)
        if not isinstance(self.fail_open, bool):
            raise ConfigError(f"_fail_open_ must be true or false, not {self.fail_open!r}")
        plugin_id = document.pop("_plugin_id_", "")
        if plugin_id:
            context.plugin_id = str(plugin_id)
            context.set_property("plugin_id", encode(context.plugin_id))
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

    def _limit_requests_per_io_cycle(self, limit: int) -> None:
        try:
            self.host.call_foreign_function("set_global_max_requests_per_io_cycle", limit.to_bytes(8, "little"))
        except ForeignFunctionError as error:
            log.warn("max_requests_per_io_cycle has no effect: %s", error)

    # Callbacks.

    def _count_request(self, context: int) -> None:
        """Ask for a fresh instance when this one has done its part."""
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
                    log.finish_lines()
            if not self.touched:
                return body
            return self._collect(context if own is None else own)
        except BaseException as error:  # in Wasm nobody else is there to catch it, and every stream would be lost
            touched, self.touched = self.touched, {}
            for ctx in touched.values():
                ctx.drop_commands()
            raise PluginFailure(self._traceback(error)) from error

    def run_for(self, ctx: HttpContext, function: Callable[..., Any], *args: Any) -> None:
        """Call a function for one stream, within the callback of any. If it raises, that stream fails, and no other."""
        before, self.current = self.current, ctx.id
        try:
            function(*args)
        except BaseException as error:  # of any class: other streams wait for the callback that is running
            if issubclass(type(error), self.ends_process):
                raise
            ctx.drop_commands()
            ctx.command(FailStream(self._traceback(error)))
        finally:
            self.current = before

    def _traceback(self, error: BaseException) -> str:
        text = plugin_traceback(error)
        for function in self.plugin_context.traceback_filters:
            try:
                text = spell_out(str(function(text)))
            except Exception as failed:
                return (
                    f"{type(error).__name__}; its traceback cannot be shown: the filter raises {type(failed).__name__}"
                )
        return text

    def _collect(self, own: int) -> list[Command]:
        touched, self.touched = self.touched, {}
        mine = touched.pop(own, None)
        commands = mine.take_commands() if mine else []
        if touched:
            for ctx in touched.values():
                commands += [EffectiveContext(ctx.id), *ctx.take_commands()]
        return commands


def _document(config: str) -> dict[str, Any]:
    try:
        document = json.loads(config) if config.strip() else {}
    except ValueError as error:
        raise ConfigError(f"the configuration is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"the configuration must be a JSON object, not {type(document).__name__}")
    return document


def _without_answer(function: Callable[[], object]) -> None:
    """What it returns means nothing: an author may have written it as a lambda."""
    function()


def _message(error: BaseException | None) -> str:
    """What it says; empty if the author's class cannot say it."""
    try:
        return spell_out(str(error))
    except BaseException:
        return ""
