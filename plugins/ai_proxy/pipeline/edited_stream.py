"""Streams in the client's own protocol with a small change in each event."""

from __future__ import annotations

import re
from typing import Final

from proxywasm import SSEDecoder

from ..protocols.exchange import Exchange
from ..protocols.openai import service as openai_chat
from ..providers.row import Edit, Provider
from ..wire import apis
from ..wire.errors import ApiError, of_upstream
from ..wire.json import Json, NumberError, dumps, loads, to_bytes
from . import promoted_thinking
from .checked_stream import CheckedStream

_EVENT: Final = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r)", re.DOTALL)


def new_checked_stream(provider: Provider, exchange: Exchange) -> CheckedStream:
    """The stream for an answer that is not converted."""
    edit, mark = provider.row.dialect.chunk_edit, provider.row.dialect.edited_answers
    promotion = promoted_thinking.Promotion() if promoted_thinking.is_enabled(exchange.settings) else None
    if exchange.api != apis.CHAT or (edit is None and promotion is None):
        return CheckedStream(exchange.secrets.scrubber, exchange)
    return EditedStream(exchange, edit, promotion, mark)


class EditedStream(CheckedStream):
    """Changes the JSON documents of events, and leaves everything else unchanged."""

    def __init__(
        self,
        exchange: Exchange,
        edit: Edit | None,
        promotion: promoted_thinking.Promotion | None,
        mark: re.Pattern[bytes] | None,
    ) -> None:
        super().__init__(exchange.secrets.scrubber, exchange)
        self._search = mark.search if mark is not None and promotion is None else None
        self._exchange = exchange
        self._edit = edit
        self._promotion = promotion
        self._last: Json = {}

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        failed = self.failure is not None
        output = super().feed(chunk, last=last)
        if self._search is not None and self._search(output) is None:
            return output
        try:
            edited = self._edited(output, last=last)
        except NumberError as error:
            if failed:
                return b""
            self.has_content = self.headers_sent
            return self._fail(of_upstream(error))
        # Joining pieces of texts may complete a credential.
        return edited if self._promotion is None and edited == output else self._scrubber.clean(edited)

    def _edited(self, output: bytes, *, last: bool) -> bytes:
        end = 0
        parts = []
        for found in _EVENT.finditer(output):
            try:
                parts.append(self._changed(found[0]))
            except ApiError as error:  # The service has given up; what came before it stays.
                parts.append(self._fail(error))
                return b"".join(parts)
            end = found.end()
        if last:
            parts.append(self._rest())
        return b"".join(parts) + output[end:]

    def _changed(self, raw: bytes) -> bytes:
        events = SSEDecoder().feed(raw)
        if len(events) != 1:
            return raw
        if events[0].data == "[DONE]":
            return self._rest() + raw
        try:
            document = loads(events[0].data)
        except ValueError:
            return raw
        if not isinstance(document, dict):
            return raw
        if document.get("error"):
            return self._rest() + raw
        changed = self._edit is not None and self._edit(self._exchange, document)
        documents = [document] if self._promotion is None else self._promoted(self._promotion, document)
        if not changed and documents == [document]:
            return raw
        name = f"event: {events[0].event}\n" if events[0].event else ""
        return to_bytes("".join(f"{name}data: {dumps(one)}\n\n" for one in documents))

    def _promoted(self, promotion: promoted_thinking.Promotion, document: Json) -> list[Json]:
        choices = document.get("choices")
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
            return [document]
        self._last = document
        choice = choices[0]
        delta, index = choice.get("delta"), choice.get("index", 0)
        if not isinstance(delta, dict) or not isinstance(index, int):
            return [document]
        deltas = promotion.deltas(index, delta)
        if not openai_chat.finish_reason(choice.get("finish_reason")):
            return [document] if deltas == [delta] else [_with_delta(document, one) for one in deltas]
        content = promotion.finish(index)
        if content is None:
            return [_with_delta(document, one, None) for one in deltas[:-1]] + [document]
        return [_with_delta(document, {**promoted_thinking.without(delta), **content})]

    def _rest(self) -> bytes:
        if self._promotion is None:
            return b""
        text = [f"data: {dumps(_with_delta(self._last, delta, None))}\n\n" for _, delta in self._promotion.rest()]
        return to_bytes("".join(text))


def _with_delta(document: Json, delta: Json, finish_reason: object = ...) -> Json:
    choice = {**document["choices"][0], "delta": delta}
    if finish_reason is not ...:
        choice["finish_reason"] = finish_reason
    return {**document, "choices": [choice]}
