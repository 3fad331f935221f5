"""An edit that is written and loaded. The file is the truth: what is refused is put back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...document import Problem
from ...reloading import Reloader, StoppedError
from .edits import Checked, EarlierText, Edit, Editing
from .history import Entry, History, HistoryError
from .writing import FileChangedError, FileText, etag_of, read_file, replace_file

_SHOWN: Final = 12
"""Characters of a checksum in the log."""


class BusyError(Exception):
    """Another change is under way."""


class RefusedError(Exception):
    """The edit has problems."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"the edit has {len(problems)} problem{'' if len(problems) == 1 else 's'}")
        self.problems = problems


class NotTakenError(Exception):
    """The reload has failed, and what was there is there again. The message says why."""


@dataclass(frozen=True, slots=True)
class Applied:
    checked: Checked
    etag: str
    generation: int
    entry: Entry | None
    """None: nothing has changed."""


class Applying:
    """`audit` gets a line for each change, and for each that was not taken."""

    def __init__(self, editing: Editing, reloader: Reloader, history: History, audit: Callable[[str], None]) -> None:
        self._editing = editing
        self._reloader = reloader
        self._history = history
        self._audit = audit
        self._lock = asyncio.Lock()

    async def apply(self, edit: Edit, etag: str, who: str) -> Applied:
        """Raises `BusyError`, `FileChangedError`, `RefusedError`, `NotTakenError`, `WriteError`, `StoppedError`, and
        `GatewayFileError` for a file that cannot be read."""
        if self._lock.locked():
            raise BusyError("another change is under way")
        async with self._lock:
            before = await asyncio.to_thread(read_file, self._editing.path)
            if before.etag != etag:
                raise FileChangedError(f"{self._editing.path} has changed since it was read")
            checked = await asyncio.to_thread(self._editing.check, before.text, edit)
            if checked.problems:
                raise RefusedError(checked.problems)
            if checked.text == before.text:
                return Applied(checked, etag, self._reloader.status.generation, None)
            return await self._write(before, checked, edit, who)

    async def _write(self, before: FileText, checked: Checked, edit: Edit, who: str) -> Applied:
        path, new = self._editing.path, etag_of(checked.text)
        what = (
            f"{who}: {'roll back' if isinstance(edit, EarlierText) else 'edit'} of {path}, +{checked.difference.added} "
            f"-{checked.difference.removed} lines, sha256 {before.etag[:_SHOWN]} to {new[:_SHOWN]}"
        )
        try:
            # Before anything is written: without it there would be no way back.
            await asyncio.to_thread(self._keep_found, before)
            refusal = await asyncio.wrap_future(
                self._reloader.change(
                    lambda: replace_file(path, checked.text, before.etag),
                    lambda: replace_file(path, before.text, new),
                )
            )
        except (FileChangedError, StoppedError, HistoryError, OSError) as error:
            self._audit(f"{what}: not written: {error}")
            raise
        if refusal:
            self._audit(f"{what}: not taken, and put back")
            raise NotTakenError(refusal)
        generation = self._reloader.status.generation
        self._audit(f"{what}: configuration {generation} serves it")
        entry = await asyncio.to_thread(
            self._history.add,
            checked.text,
            who=who,
            how="roll back" if isinstance(edit, EarlierText) else "edit",
            added=checked.difference.added,
            removed=checked.difference.removed,
        )
        return Applied(checked, new, generation, entry)

    def _keep_found(self, before: FileText) -> None:
        entries = self._history.entries()
        if not entries or entries[0].etag != etag_of(before.text):
            self._history.add(before.text, who="", how="found")
