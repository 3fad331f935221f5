"""`context`: a text from a file server that is inserted in front of every conversation.

The first request that needs the text fetches it; other requests wait for the same fetch. The text is fetched again in
the background after a while, and the old text stays in use until that succeeds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from proxywasm import ClusterClient, FQDNCluster, HttpAnswer, HttpContext, log

from ..config.settings import ContextFile
from ..wire import limits
from ..wire.errors import ApiError
from ..wire.json import Json
from .waiting import Awaited

_FRESH: Final = 600.0
"""Seconds until the file is fetched again."""
_BETWEEN_FAILURES: Final = 10.0
"""Seconds after which a failed fetch in the background is repeated."""


class ContextText(Awaited):
    """The text of one file, for one instance of the plugin."""

    def __init__(self, settings: ContextFile, timeout_ms: int) -> None:
        super().__init__()
        self._settings = settings
        self._timeout_ms = timeout_ms
        self._text: str | None = None
        self._fetch_at = 0.0

    def ready(self, ctx: HttpContext) -> bool:
        """Whether there is a text; requests do not wait for a newer one."""
        if self._text is None:
            return False
        if time.time() >= self._fetch_at and not self.fetching:
            self.fetch(ctx)
        return True

    def insert(self, body: Json) -> bool:
        """Insert the text after the client's own system messages."""
        conversation = body.get("messages")
        if self._text is None or not isinstance(conversation, list):
            return False
        place = 0
        for index, message in enumerate(conversation):
            if not isinstance(message, dict) or message.get("role") not in ("system", "developer"):
                place = index
                break
        body["messages"] = [*conversation[:place], {"role": "system", "content": self._text}, *conversation[place:]]
        return True

    def _call(self, answered: Callable[[HttpAnswer], None]) -> None:
        settings = self._settings
        cluster = FQDNCluster(settings.service_name, settings.service_port)
        ClusterClient(cluster).get(settings.file_url, answered, timeout_ms=self._timeout_ms)

    def _take(self, answer: HttpAnswer) -> ApiError | None:
        if answer.status != 200:
            return self._failed(f"status {answer.status}" if answer.received else "no answer")
        if len(answer.body) > limits.CONTEXT_FILE:
            return self._failed(f"it has more than {limits.CONTEXT_FILE} bytes")
        self._text = answer.body.decode(errors="replace")
        self._fetch_at = time.time() + _FRESH
        return None

    def _failed(self, why: str) -> ApiError:
        self._fetch_at = time.time() + _BETWEEN_FAILURES
        log.error("the context file cannot be loaded: %s", why)
        return ApiError(500, "the context file of this route cannot be loaded", code="context_unavailable")
