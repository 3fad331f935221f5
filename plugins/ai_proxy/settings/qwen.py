"""The keys that Qwen adds."""

from __future__ import annotations

from dataclasses import dataclass

from proxywasm import ConfigError

from ..schema import Kind, key
from .common import Settings, host


@dataclass(frozen=True, slots=True, kw_only=True)
class QwenSettings(Settings):
    """Keys of Qwen."""

    qwen_enable_compatible: bool = key(
        Kind.BOOLEAN, "use DashScope's OpenAI-compatible endpoints; false: its native protocol", default=True
    )
    qwen_domain: str = key(Kind.STRING, "host, for example of another region", default="", convert=host)
    qwen_enable_search: bool = key(Kind.BOOLEAN, "let the model search the web (native protocol)", default=False)
    qwen_file_ids: tuple[str, ...] = key(
        Kind.STRINGS, "files that `qwen-long` is to have read (native protocol)", default=()
    )

    def check(self, path: str) -> None:
        if self.qwen_file_ids and self.context:
            raise ConfigError(f"{path}.qwenFileIds: cannot be combined with context, both set the system prompt")
