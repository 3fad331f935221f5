"""The plugin in the same CPython process as its host: for tests with a debugger, coverage and hypothesis."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ..core import log_lines
from ..core.dispatcher import Dispatcher
from ..core.running import guard_sleep, running
from ..core.trailers import Trailers
from ..errors import ConfigError
from ..field_text import as_unicode, join_fields, split_fields, with_bytes
from ..headers import Headers
from ..loading import PluginNotFoundError, plugin_of
from ..made_plugins import MadePlugins
from ..plugin import Plugin
from ..wire import Fields, Host, Outcome, PluginFailure, Program

P = ParamSpec("P")
T = TypeVar("T")


def load_plugin(path: Path) -> Plugin[Any]:
    """The plugin of a package folder or a module file: its attribute `plugin`.

    The folder that holds it is put on `sys.path`, as a build does. Raises `PluginNotFoundError`.
    """
    if not (path.suffix == ".py" or (path / "__init__.py").is_file()):
        raise PluginNotFoundError(f"{path} is neither a Python file nor a package folder with an __init__.py")
    guard_sleep()
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    with MadePlugins() as made:
        module = importlib.import_module(path.resolve().stem)
    return plugin_of(module, made)


def native_program(plugin: Plugin[Any], host: Host) -> Program:
    """The plugin as a program."""
    guard_sleep()
    return NativeProgram(plugin, host)


class NativeProgram:
    """A `wire.Program` over a dispatcher, which takes headers as plugins see them."""

    def __init__(self, plugin: Plugin[Any], host: Host) -> None:
        dispatcher = _NativeDispatcher(plugin, host)
        guarded = partial(_guarded, dispatcher)
        self.configure = guarded(dispatcher.configure)
        self.on_request_body = guarded(dispatcher.on_request_body)
        self.on_response_body = guarded(dispatcher.on_response_body)
        self.on_response_broken = guarded(dispatcher.on_response_broken)
        self.on_done, self.on_tick = guarded(dispatcher.on_done), guarded(dispatcher.on_tick)
        self.on_redis_call_response = guarded(dispatcher.on_redis_call_response)
        self._request_headers = guarded(dispatcher.on_request_headers)
        self._response_headers = guarded(dispatcher.on_response_headers)
        self._request_trailers = guarded(dispatcher.on_request_trailers)
        self._response_trailers = guarded(dispatcher.on_response_trailers)
        self._http_call_response = guarded(dispatcher.on_http_call_response)

    def on_request_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return self._request_headers(context, _headers(headers), end_of_stream)

    def on_response_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return self._response_headers(context, _headers(headers), end_of_stream)

    def on_request_trailers(self, context: int, trailers: Fields) -> Outcome:
        return self._request_trailers(context, Trailers(_as_in_wasm(trailers)))

    def on_response_trailers(self, context: int, trailers: Fields) -> Outcome:
        return self._response_trailers(context, Trailers(_as_in_wasm(trailers)))

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        return self._http_call_response(call, split_fields(_as_in_wasm(headers)), body)


def _guarded(dispatcher: Dispatcher, event: Callable[P, T]) -> Callable[P, T]:
    """Objects of the SDK that a plugin has misused raise outside of its callbacks: the plugin fails, as in Wasm."""

    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return event(*args, **kwargs)
        except (PluginFailure, ConfigError):
            raise
        except BaseException as error:
            if issubclass(type(error), dispatcher.ends_process):
                raise
            raise PluginFailure(dispatcher.traceback(error)) from error

    return guarded


def _headers(fields: Fields) -> Headers:
    return Headers(_as_in_wasm(fields))


def _as_in_wasm(fields: Fields) -> str:
    """Joined as a component gets them, so that a native plugin sees the same."""
    return with_bytes(as_unicode(join_fields(fields)))


class _NativeDispatcher(Dispatcher):
    """A dispatcher in a process with several plugins: it sets `running` and `print` for each call."""

    ends_process = (KeyboardInterrupt,)

    def run(self, context: int, function: Callable[..., Any], *args: Any, own: int | None = None) -> Outcome:
        token = running.set(self)
        saved = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = log_lines.stdout, log_lines.stderr
        try:
            return super().run(context, function, *args, own=own)
        except PluginFailure as failure:
            cause = failure.__cause__
            if cause is not None and issubclass(type(cause), self.ends_process):
                raise cause from None  # Ctrl-C is meant for the process, which here is not the plugin's
            raise
        finally:
            sys.stdout, sys.stderr = saved
            running.reset(token)
