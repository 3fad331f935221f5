"""The plugins' messages in Envoy's log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from proxywasm.abi.port import Report
from proxywasm.wire import LogLevel, PluginFailure, ProgramLost

from ...services import LogRecord

_START: Final = re.compile(
    r"^\[\d{4}-\d\d-\d\d [\d:.]+\]\[(?P<thread>\d+)\]\[(?P<level>\w+)\]\[(?P<logger>\w+)\] ", re.M
)
_SAID: Final = re.compile(r"(?:\[[^]]*\] )?wasm log (?P<names>[^:]*): (?P<text>.*)", re.S)
_WHERE: Final = re.compile(
    r"(?:\[(?P<id>(?!plugin[] ]|stream \d)[^]]*)\] )?"
    rf"\[(?:plugin|stream (?P<context>\d+))(?: (?P<report>{'|'.join(Report)}))?\]"
    r"(?: \[(?P<request>[^]]*)\])? (?P<text>.*)",
    re.S,
)
_LOST: Final = re.compile(r"(?:\[[^]]*\] )?(?P<text>Function: \w+ failed.*)", re.S)
"""Envoy's message that a VM has trapped. It does not name the VM."""
_LEVELS: Final = {"warning": LogLevel.WARN} | {level.name.lower(): level for level in LogLevel}


@dataclass(frozen=True, slots=True)
class Line:
    """A message of a plugin, or of the loss of one."""

    thread: int
    vm: str
    """Empty: lost, and not known which."""
    record: LogRecord
    report: Report | None = None
    """What the SDK has written, and not the plugin."""

    @property
    def failure(self) -> PluginFailure | ProgramLost | None:
        """Of a plugin that runs."""
        if not self.vm:
            return ProgramLost(self.record.message)
        return PluginFailure(self.record.message) if self.report is Report.FAILED else None


def lines(log: str) -> list[Line]:
    """The messages of plugins in a part of the log that begins with a whole line; a message may have several lines."""
    found = []
    starts = list(_START.finditer(log))
    ends = [start.start() for start in starts[1:]] + [len(log)]
    for start, end in zip(starts, ends, strict=False):
        text = log[start.end() : end].removesuffix("\n")
        if lost := _LOST.match(text):
            found.append(Line(int(start["thread"]), "", LogRecord(LogLevel.CRITICAL, 0, lost["text"])))
        said = _SAID.match(text)
        where = said and _WHERE.match(said["text"])
        if not said or not where:
            continue
        plugin, *_, vm = said["names"].split(" ")
        label = f"{plugin}-{where['id']}" if where["id"] else plugin
        record = LogRecord(
            _LEVELS[start["level"]], int(where["context"] or 0), where["text"], label, where["request"] or ""
        )
        report = Report(where["report"]) if where["report"] else None
        found.append(Line(int(start["thread"]), vm, record, report))
    return found
