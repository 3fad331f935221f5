"""Which golden entries are written, kept and removed after a replay of all recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxywasm_host.recordings.compare import Difference, judge
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.recordings.exchange import load as load_recording
from proxywasm_host.recordings.replay import Session, replay

from .golden import PARTS, TESTS, Golden, golden_file, golden_files, read, recordings, rejected
from .layout import text


@dataclass(frozen=True, slots=True)
class Change:
    """An exchange that no longer comes out as it is expected to, or for the first time."""

    recording: Path
    name: str
    differences: tuple[Difference, ...]
    failed: bool
    """The plugin raised or trapped: there is no answer that could be expected."""


@dataclass(slots=True)
class Update:
    """What a replay came to. `files` are the golden files to write, None for those to remove."""

    changes: list[Change] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    files: dict[Path, str | None] = field(default_factory=dict)

    def refusal(self, ids: tuple[str, ...]) -> str:
        """Why nothing may be written; empty if everything may."""
        if any(change.failed for change in self.changes):
            return "the plugin fails in some of these exchanges: nothing is written"
        if self.changes and not ids:
            return "nothing is written: say with --difference ID why these answers differ"
        return ""

    def write(self) -> None:
        for file, content in self.files.items():
            if content is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8")


def update(session: Session, ids: tuple[str, ...] = (), *, only: str = "", tests: Path = TESTS) -> Update:
    """Replay the recordings below `tests` whose exchange has `only` in its name.

    An entry that still comes out as it is stored is kept as it is. One that changes or is new gets `ids` beside those
    that it has; one that no longer differs from what is recorded is removed.
    """
    found = Update()
    for recording in recordings(tests):
        _recording(recording, session, ids, only, tests, found)
    known = {golden_file(recording, tests) for recording in recordings(tests)}
    for file in golden_files(tests):
        if file not in known and not only:
            found.removed += read(file)
            found.files[file] = None
    return found


def _recording(recording: Path, session: Session, ids: tuple[str, ...], only: str, tests: Path, found: Update) -> None:
    file = golden_file(recording, tests)
    stored = read(file)
    entries: dict[str, Golden] = {}
    exchanges = load_recording(recording)
    for exchange in exchanges:
        golden = stored.get(exchange.name)
        if only in exchange.name:
            golden = _entry(recording, exchange, golden, replay(exchange, session), ids, found)
        if golden is not None:
            entries[exchange.name] = golden
    found.removed += [name for name in stored if name not in entries]
    if entries != stored:
        found.files[file] = text(entries) if entries else None


def _entry(
    recording: Path, exchange: Exchange, stored: Golden | None, result: Any, ids: tuple[str, ...], found: Update
) -> Golden | None:
    """The entry that the exchange has to have from now on."""
    wanted = stored.instead_of_recorded(exchange) if stored else exchange
    verdict = judge(result, wanted)
    differs = any(rejected(exchange, result))
    if verdict.passed:
        return stored if differs else None
    failed = not judge(result, Golden((), result).instead_of_recorded(exchange)).passed
    if not differs and not failed:
        return None
    found.changes.append(Change(recording, exchange.name, verdict.differences, failed))
    expect = {part: result[part] for part in PARTS}
    return Golden(tuple(sorted({*(stored.differences if stored else ()), *ids})), expect)
