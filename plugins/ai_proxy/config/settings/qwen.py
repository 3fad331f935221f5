"""The keys that Qwen adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from proxywasm.config import Exclusive, Is, NoEffect, Rule, key

from .common import Settings
from .texts import HOST

COMPATIBLE: Final = Is("qwen_enable_compatible", True)


@dataclass(frozen=True, slots=True, kw_only=True)
class QwenSettings(Settings):
    """Keys of Qwen."""

    qwen_enable_compatible: bool = key(
        "use DashScope's OpenAI-compatible endpoints; false: its native protocol", default=True
    )
    qwen_domain: str = key("host, for example of another region", default="", patterns=HOST)
    qwen_enable_search: bool = key("let the model search the web", default=False)
    qwen_file_ids: tuple[str, ...] = key("ids of files that `qwen-long` reads before the conversation", default=())

    rules: ClassVar[tuple[Rule, ...]] = (
        Exclusive("qwen_file_ids", "context", ", both set the system prompt; remove one of the two"),
        NoEffect(
            ("qwen_enable_search", "qwen_file_ids"),
            "only the native protocol has it; set qwenEnableCompatible to false",
            COMPATIBLE,
        ),
    )
