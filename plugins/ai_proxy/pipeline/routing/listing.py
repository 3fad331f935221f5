"""The list of models of all providers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxywasm import HttpContext

from .. import model_list
from .entries import Entry


def reply(ctx: HttpContext, entries: Sequence[Entry]) -> None:
    """Answer a request for the list of models: the exact names of all providers, each once."""
    found: dict[str, str] = {}
    for entry in entries:
        for name, owner in _names(entry):
            found.setdefault(name, owner)
    model_list.reply_with(ctx, [*found.items()])


def _names(entry: Entry) -> Iterator[tuple[str, str]]:
    """Those in `models`, and those in `modelMapping` that clients reach here."""
    owner = entry.provider.row.name
    mapped = entry.provider.settings.model_mapping.names
    for name in (*entry.models.exact, *mapped):
        if entry.models.rank(name):
            yield name, owner
        elif not entry.models:
            yield f"{entry.id}/{name}", owner
