"""The keys that DeepL adds."""

from __future__ import annotations

from dataclasses import dataclass

from proxywasm.config import key

from ...config.settings.common import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeeplSettings(Settings):
    """Keys of DeepL."""

    target_lang: str = key("target language, such as `DE` or `EN-US`", example="DE")
