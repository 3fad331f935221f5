"""Log messages of plugins."""

from __future__ import annotations

from dataclasses import dataclass

from proxywasm.wire import LogLevel


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A message of the plugin; `context` is the stream, 0 for the plugin itself.

    `plugin` is its name, with the `_plugin_id_` of its configuration if there is one; `request_id` is the stream's
    header `x-request-id`.
    """

    level: LogLevel
    context: int
    message: str
    plugin: str = ""
    request_id: str = ""

    def __str__(self) -> str:
        where = f"stream {self.context}" if self.context else "plugin"
        request = f" [{self.request_id}]" if self.request_id else ""
        return f"[{self.level.name.lower()}] [{self.plugin}] [{where}]{request} {self.message}"
