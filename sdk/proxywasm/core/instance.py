"""One running instance of a plugin, as clients, metrics, the log and contexts use it."""

from __future__ import annotations

from collections.abc import Callable

from ..text import spell_out
from ..wire import FailStream, Host, LogLevel, MetricKind
from . import client_credentials
from .boundary import Boundary
from .call_outs import CallOuts
from .definition import PluginDefinition
from .plugin_state import PluginState
from .stream_state import StreamState
from .ticks import Ticks
from .tracebacks import plugin_traceback


class PluginInstance:
    """What one configuration of a plugin has while it runs. `Dispatcher` adds the events."""

    sends_again = True
    """The host can send another request in a stream that has sent one. Gateways with Proxy-Wasm can only if they have a
    second stage; see `abi.stages`."""
    times_first_byte = True
    """While a plugin holds the headers of a response, its time to the first byte goes on until its body begins."""
    can_send_again: Callable[[int], bool] = staticmethod(lambda _: True)
    """Whether another request can be sent in this stream, as far as only the host knows."""
    ends_process: tuple[type[BaseException], ...] = ()
    """Exceptions for the process, not for a stream."""

    def __init__(self, plugin: PluginDefinition, host: Host) -> None:
        self.host: Host = Boundary(host)
        self.unchecked_host = host
        """The host without the checks of `Boundary`, for names that the SDK itself passes."""
        self.log_level = LogLevel.INFO
        self.safe_log = plugin.safe_log
        self.calls = CallOuts(self.host)
        self.ticks = Ticks(self.host)
        self.plugin_context: PluginState = plugin.callbacks.plugin_context(self.host, self.ticks, plugin.name)
        self.metrics: dict[tuple[MetricKind | str, ...], int] = {}
        """Numbers of the metrics that have been used, by kind, name and values of labels."""
        self.metrics_refused: set[str] = set()
        """Messages about metrics that were logged, each once."""
        self.started = False
        """The configuration has been parsed."""
        self.current = 0
        """The context that the running callback belongs to."""
        # Only streams to which a configuration applies.
        self.contexts: dict[int, StreamState] = {}
        self.touched: dict[int, StreamState] = {}
        """Streams that have something to tell the host in the outcome of the running callback."""

    @property
    def stream(self) -> StreamState | None:
        """The stream that call-outs made now belong to; None: to the plugin itself."""
        ctx = self.contexts.get(self.current)
        return None if ctx is None or ctx.ended else ctx

    def request_header(self, context: int, name: str) -> str:
        """A request header of a stream to which a configuration applies; empty for other streams."""
        ctx = self.contexts.get(context)
        return "" if ctx is None else ctx.request.headers.get(name, "")

    def emit_log(self, level: LogLevel, message: str) -> None:
        self.host.log(level, self.current, message)

    def run_for(self, ctx: StreamState, function: Callable[..., object], *args: object) -> None:
        """Call a function for one stream, within the callback of any. If it raises, that stream fails, and no other."""
        before, self.current = self.current, ctx.id
        try:
            function(*args)
        except BaseException as error:  # of any class: other streams wait for the callback that is running
            if issubclass(type(error), self.ends_process):
                raise
            ctx.drop_commands()
            ctx.command(FailStream(self.traceback(error)))
        finally:
            self.current = before

    def traceback(self, error: BaseException) -> str:
        """The traceback for the log, without the client's credentials and without what the plugin's filters remove. As
        long as a plugin with `safe_log` parses its configuration, messages of exceptions are left out, too.
        """
        text = plugin_traceback(error, messages=self.started or not self.safe_log)
        if (ctx := self.contexts.get(self.current)) is not None:
            try:
                text = client_credentials.mask(text, ctx.credentials())
            except client_credentials.TooManyError:
                text = plugin_traceback(error, messages=False)
        for function in self.plugin_context.traceback_filters:
            try:
                text = spell_out(str(function(text)))
            except Exception as failed:
                return (
                    f"{type(error).__name__}; its traceback cannot be shown: the filter raises {type(failed).__name__}"
                )
        return text
