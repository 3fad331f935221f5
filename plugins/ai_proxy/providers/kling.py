"""Kling (Kuaishou): videos."""

from __future__ import annotations

from typing import Final

from ..config.settings import KlingSettings
from ..protocols.kling import videos as kling
from ..wire import apis
from .row import Original, Row

ROWS: Final = (
    Row(
        name="kling",
        title="Kling (Kuaishou)",
        host="api-singapore.klingai.com",
        settings=KlingSettings,
        token_required=False,  # The two keys replace it; the settings check that.
        credential=kling.credential,
        paths={apis.VIDEOS: "/v1/videos/text2video", apis.RETRIEVE_VIDEO: "/v1/videos/text2video/{video_id}"},
        choose_path=kling.choose_path,
        protocols={apis.VIDEOS: kling},
        original=Original.KEPT,
    ),
)
