"""DeepL, which translates for the tests of all services."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.sample import Sample, same

DEEPL: Final[Json] = {"type": "deepl", "apiTokens": ["dl-1"], "targetLang": "DE", "modelMapping": {"*": "Pro"}}

SAMPLES: Final = {
    "deepl": Sample(
        config=DEEPL,
        error=({"message": "Quota Exceeded"}, 429, "Quota Exceeded"),
        parameters={"source_lang": ("source_lang", same)},
        instructions=("context",),
        has_calls=False,
        only_chat=True,
    ),
}
