"""Kling (Kuaishou): videos."""

from __future__ import annotations

from typing import Final

from ..protocols.kling import videos as kling
from ..protocols.kling.settings import KlingSettings
from ..wire import apis
from .row import Addressing, Credentials, Dialect, Original, Row

ROWS: Final = (
    Row(
        name="kling",
        title="Kling (Kuaishou)",
        settings=KlingSettings,
        addressing=Addressing(
            host="api-singapore.klingai.com",
            paths={apis.VIDEOS: "/v1/videos/text2video", apis.RETRIEVE_VIDEO: "/v1/videos/text2video/{video_id}"},
            choose_path=kling.choose_path,
            original=Original.KEPT,
        ),
        credentials=Credentials(
            token_required=False,  # The two keys replace it; the settings check that.
            make=kling.credential,
        ),
        dialect=Dialect(protocols={apis.VIDEOS: kling}),
    ),
)
