"""Filters of Envoy that write down what passes the plugins: one before the first plugin, one behind the last.

Each stream has a file from each of them, which is complete when the stream has ended, and then a line in an access log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .messages import Json, extension, set_filter_state

FRONT: Final = "front"
BACK: Final = "back"
LINES: Final = "streams.log"
FLUSH_MS: Final = 200
"""Milliseconds until Envoy writes a line of an access log."""
_ID: Final = "proxywasm.recorded"
_EVERYTHING: Final = 2**32 - 1
_FIELDS: Final[Json] = {
    "id": f"%FILTER_STATE({_ID}:PLAIN)%",
    "start": "%START_TIME(%s.%6f)%",
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
}


def before_plugins(folder: Path) -> list[Json]:
    """Also notes the id of the request, which a plugin may remove from the headers."""
    return [set_filter_state("recorded", _ID, "%REQ(X-REQUEST-ID)%"), _tap(FRONT, folder)]


def behind_plugins(folder: Path) -> list[Json]:
    return [_tap(BACK, folder)]


def access_log(folder: Path) -> Json:
    return extension(
        "recorded",
        "extensions.access_loggers.file.v3.FileAccessLog",
        path=str(folder / LINES),
        log_format={"json_format": _FIELDS},
    )


def _tap(name: str, folder: Path) -> Json:
    output = {
        "streaming": True,
        "max_buffered_rx_bytes": _EVERYTHING,
        "max_buffered_tx_bytes": _EVERYTHING,
        "sinks": [{"format": "JSON_BODY_AS_BYTES", "file_per_tap": {"path_prefix": str(folder / name)}}],
    }
    return extension(
        f"recorded.{name}",
        "extensions.filters.http.tap.v3.Tap",
        common_config={"static_config": {"match": {"any_match": True}, "output_config": output}},
    )
