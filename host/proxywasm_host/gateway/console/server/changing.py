"""The paths that check and apply edits, and the history."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from ..changes.applying import Applied, RefusedError
from ..changes.edits import Checked, EarlierText, Edit, PluginEdit, TextEdit
from ..changes.history import MOST, Entry
from ..changes.writing import FileChangedError, read_file
from ..context import Console
from ..texts.difference import Difference, difference
from .api import Routes, problem
from .http import ApiError, Request

_MOST_CHECKS = 2
"""At a time: each takes processes."""


def routes(console: Console) -> Routes:
    checks = asyncio.Semaphore(_MOST_CHECKS)
    applying: set[asyncio.Task[Applied]] = set()

    async def check(request: Request) -> Any:
        _, edit = await given(console, request)
        async with checks:
            file = await asyncio.to_thread(read_file, console.editing.path)
            checked = await asyncio.to_thread(console.editing.check, file.text, edit)
        return {
            "ok": not checked.problems,
            "problems": [*map(problem, checked.problems)],
            "etag": file.etag,
            "changes": checked.text != file.text,
            **_shown(checked),
        }

    async def apply(request: Request) -> Any:
        etag, edit = await given(console, request)
        try:
            # A client that leaves does not stop what it has asked for.
            task = asyncio.create_task(console.applying.apply(edit, etag, request.client))
            applying.add(task)
            task.add_done_callback(applying.discard)
            applied = await asyncio.shield(task)
        except FileChangedError as error:
            file = await asyncio.to_thread(read_file, console.editing.path)
            raise ApiError(409, "file_changed", str(error), more={"etag": file.etag}) from None
        return {
            "applied": applied.entry is not None,
            "generation": applied.generation,
            "etag": applied.etag,
            "history": None if applied.entry is None else applied.entry.id,
            **_shown(applied.checked),
        }

    async def history(_: Request) -> Any:
        entries = await asyncio.to_thread(console.history.entries)
        now = await asyncio.to_thread(read_file, console.editing.path)
        return {"entries": [_entry(entry, now.etag) for entry in entries], "most": MOST}

    async def one(_: Request, number: str) -> Any:
        entry, text = await asyncio.to_thread(earlier, console, number)
        now = await asyncio.to_thread(read_file, console.editing.path)
        shown, current = await asyncio.to_thread(lambda: (console.editing.shown(text), console.editing.shown(now.text)))
        changed = difference(current, shown, console.editing.path.name)
        return {**_entry(entry, now.etag), "text": shown, "diff": changed.diff}

    return {
        ("POST", "check"): check,
        ("POST", "apply"): apply,
        ("GET", "history"): history,
        ("GET", "history/*"): one,
    }


async def given(console: Console, request: Request) -> tuple[str, Edit]:
    """The edit that a request has, and the checksum of the file that it is of. Raises `ApiError`."""
    document = request.document(etag=str, edit=dict)
    if "etag" not in document or "edit" not in document:
        raise ApiError(400, "bad_request", "the body needs `etag` and `edit`")
    return document["etag"], await edit_of(console, document["edit"])


async def edit_of(console: Console, edit: dict[str, Any]) -> Edit:
    match edit:
        case {"text": str(text), **rest} if not rest:
            return TextEdit(text)
        case {"plugin": int(plugin), "config": dict(config), **rest} if not rest and not isinstance(plugin, bool):
            if not 0 <= plugin < len(console.reloader.gateway.plugins):
                raise ApiError(400, "bad_request", f"there is no plugin {plugin}")
            return PluginEdit(plugin, config)
        case {"history": int(number), **rest} if not rest and not isinstance(number, bool):
            return EarlierText((await asyncio.to_thread(earlier, console, str(number)))[1])
    raise ApiError(400, "bad_request", "`edit` has either `text`, or `plugin` and `config`, or `history`")


def earlier(console: Console, number: str) -> tuple[Entry, str]:
    """Raises `ApiError`."""
    try:
        return console.history.text(int(number))
    except (KeyError, ValueError):
        raise ApiError(404, "not_found", "the history has no such entry") from None


def refuse_problems(checked: Checked) -> None:
    """Raises `RefusedError`."""
    if checked.problems:
        raise RefusedError(checked.problems)


def _shown(checked: Checked) -> dict[str, Any]:
    changed: Difference = checked.difference
    return {"text": checked.shown, "diff": changed.diff, "added": changed.added, "removed": changed.removed}


def _entry(entry: Entry, etag: str) -> dict[str, Any]:
    return {**asdict(entry), "current": entry.etag == etag}
