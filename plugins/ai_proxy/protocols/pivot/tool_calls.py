"""The tool calls of a stream: assigns the provider's pieces to calls and normalizes them for clients."""

from __future__ import annotations

import uuid
from typing import Any, Final

from proxywasm import log

from ...wire import lenient, limits
from ...wire.errors import bad_upstream
from ...wire.json import Json, dumps, loads

NO_ARGUMENTS: Final = "{}"


class ToolCalls:
    """Tracks the calls of one choice.

    A client of OpenAI's protocol joins the pieces of a call by its index and takes id and name from the first piece.
    Providers leave the index out, start at any number, or give all calls the same index and each a new id.
    """

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._size = 0
        self._generated_ids: set[int] = set()
        self._named: set[int] = set()
        self._with_arguments: set[int] = set()
        self._current: dict[int, int] = {}
        self._known: dict[tuple[int, str], int] = {}

    def number(self, call: Json, position: int) -> int:
        """The number of the call that this piece belongs to: calls count from 0 in the order of their first pieces.

        `position` is the place of the piece in its event; it replaces a missing index.
        """
        key, call_id = place(call.get("index"), position), lenient.text(call.get("id"))
        number = self._known.get((key, call_id)) if call_id else self._current.get(key)
        if number is None and call_id and (current := self._current.get(key)) is not None:
            # Either a late id of the current call, or another call.
            number = current if not self._ids[current] or current in self._generated_ids else None
        if number is None:
            number = len(self._ids)
            self._size += len(call_id)
            if number >= limits.TOOL_CALLS or self._size > limits.HELD_TEXT:
                raise bad_upstream(f"the upstream's answer has more than {limits.TOOL_CALLS} tool calls")
            self._ids.append("")
        if call_id and not self._ids[number]:
            self._ids[number] = call_id
        if call_id:
            self._known[key, call_id] = number
        self._current[key] = number
        return number

    def normalized(self, given: Any) -> list[Json]:
        """Pieces for the client: indices without gaps, one id for each call, and its name once.

        Anything but a list of objects is ignored.
        """
        pieces = [piece for piece in given if isinstance(piece, dict)] if isinstance(given, list) else []
        return [self._piece(piece, position) for position, piece in enumerate(pieces)]

    def completing(self) -> list[Json]:
        """The pieces that calls without arguments lack at their end: clients parse the arguments, and "" is no JSON."""
        missing = [number for number in range(len(self._ids)) if number not in self._with_arguments]
        self._with_arguments.update(missing)
        return [{"index": number, "function": {"arguments": NO_ARGUMENTS}} for number in missing]

    def _piece(self, given: Json, position: int) -> Json:
        first = len(self._ids)
        number = self.number(given, position)
        piece: Json = {**given, "index": number}
        if number == first and not self._ids[number]:
            self._ids[number] = f"call_{uuid.uuid4()}"
            self._generated_ids.add(number)
        if number == first:
            piece["id"] = self._ids[number]
            piece["type"] = lenient.text(given.get("type")) or "function"
        else:
            # Clients join what comes, so each part comes once.
            piece.pop("id", None)
            piece.pop("type", None)
        function = given.get("function")
        function = dict(function) if isinstance(function, dict) else {}
        name = lenient.text(function.pop("name", None))
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            function["arguments"] = arguments = dumps(arguments) if isinstance(arguments, dict) else ""
        if arguments:
            self._with_arguments.add(number)
        if (name and number not in self._named) or number == first:
            function = {"name": name, **function}
        if name:
            self._named.add(number)
        return {**piece, "function": function}


def place(value: Any, otherwise: int) -> int:
    """The provider's index; `otherwise` if it gives none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


def arguments_of(calls: Any) -> list[str]:
    """The arguments of tool calls that are texts: JSON that is not parsed yet."""
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    given = [function.get("arguments") for function in functions if isinstance(function, dict)]
    return [text for text in given if isinstance(text, str)]


def parse_arguments(name: str, given: Any) -> Json:
    """The arguments of a call of this function; empty with a log line if they are not a JSON object."""
    if isinstance(given, str):
        try:
            value = loads(given) if given.strip() else {}
        except ValueError:
            value = None
    else:
        value = given or {}
    if isinstance(value, dict):
        return value
    log.warn("the arguments of a call of %s are not a JSON object; left out", name)
    return {}
