"""Fetches files that a request names by address and the model service needs as data. The request waits meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from proxywasm import ClusterClient, HttpAnswer, HttpCallError, RouteCluster, log

from ..wire import limits
from ..wire.errors import ApiError, busy, request_too_large
from ..wire.files import Data, media_type
from .public_address import is_public

_TIMEOUT_MS: Final = 30_000
_MOST: Final = 32  # OpenAI allows more in one request; the plugin fetches all of them at once.

# Some image servers refuse robots.
_HEADERS: Final = {
    "accept": "image/*",
    "user-agent": "Mozilla/5.0 (compatible; AI-Proxy/1.0)",
    "referer": "https://www.google.com/",
}


def fetch(
    files: dict[str, Data], urls: list[str], fits: Callable[[int], bool], then: Callable[[ApiError | None], None]
) -> None:
    """Fetch all of these once into `files`, by address. Calls `then` once, with the first error or None.

    `fits` is called with the characters of all files after each file has arrived; False: they may not be kept. The
    calls go to the route's cluster, whose sidecar or egress proxy forwards them. Raises `ApiError` for addresses that
    are not public.
    """
    if len(urls) > _MOST:
        raise ApiError(400, f"a request may name {_MOST} files at most", param="messages")
    for url in urls:
        _check(url)
    waiting = set(urls)
    size = 0

    def give_up(error: ApiError) -> None:
        waiting.clear()
        files.clear()
        then(error)

    def answered(url: str, answer: HttpAnswer) -> None:
        nonlocal size
        if url not in waiting:
            return  # Another file has failed already.
        if answer.status != 200 or not answer.body:
            give_up(_failed(url, f"status {answer.status}" if answer.received else "no answer"))
            return
        size += len(answer.body)
        if size > limits.FETCHED_FILES:
            give_up(_too_large())
            return
        if not fits(size * 4 // 3):
            give_up(busy())
            return
        files[url] = Data(_media_type(answer), base64.b64encode(answer.body).decode())
        waiting.discard(url)
        if not waiting:
            then(None)

    client = ClusterClient(RouteCluster())
    for url in urls:
        try:
            client.get(url, _callback(url, answered), headers=_HEADERS, timeout_ms=_TIMEOUT_MS)
        except HttpCallError as error:
            log.error("%s", error)
            waiting.clear()
            raise _failed(url, "no answer") from None


def _callback(url: str, answered: Callable[[str, HttpAnswer], None]) -> Callable[[HttpAnswer], None]:
    return lambda answer: answered(url, answer)


def _check(url: str) -> None:
    if not url.lower().startswith(("https://", "http://")):
        raise ApiError(400, "the address of a file must be of https, http or data", param="messages")
    if not is_public(url):
        raise ApiError(400, "the address of a file must be a public one", param="messages", code="invalid_image_url")


def _too_large() -> ApiError:
    return request_too_large(f"the files that the request names have more than {limits.FETCHED_FILES} bytes")


def _failed(url: str, why: str) -> ApiError:
    return ApiError(400, f"the file at {url} could not be fetched: {why}", param="messages", code="invalid_image_url")


def _media_type(answer: HttpAnswer) -> str:
    """The media type by the first bytes, otherwise by the server's header."""
    given = answer.headers.get("content-type", "").partition(";")[0].strip()
    return media_type(answer.body) or given or "application/octet-stream"
