"""The keys that AWS Bedrock adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxywasm import ConfigError, log

from ..schema import Kind, key
from .common import Settings

_POSITIONS: Final = {"systemprompt": "system", "lastusermessage": "last_user", "lastmessage": "last"}


def _trimmed(value: str, path: str) -> str:  # noqa: ARG001
    return value.strip()


def _positions(table: dict[str, Any], path: str) -> frozenset[str]:
    """Names may be written in any style, as in the original."""
    result = set()
    for name, wanted in table.items():
        position = _POSITIONS.get(name.lower().replace("_", "").replace("-", ""))
        if position is None:
            log.warn("%s.%s: unknown position, ignored", path, name)
        elif not isinstance(wanted, bool):
            raise ConfigError(f"{path}.{name}: must be true or false")
        elif wanted:
            result.add(position)
    return frozenset(result)


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockSettings(Settings):
    """Keys of AWS Bedrock."""

    aws_region: str = key(Kind.STRING, "region, for example `us-east-1`", default="", convert=_trimmed)
    aws_access_key: str = key(Kind.STRING, "access key; without `apiTokens`", default="", secret=True, convert=_trimmed)
    aws_secret_key: str = key(Kind.STRING, "secret key that belongs to it", default="", secret=True, convert=_trimmed)
    bedrock_additional_fields: Mapping[str, Any] = key(
        Kind.OBJECT, "fields of `additionalModelRequestFields` for every chat", factory=dict
    )
    prompt_cache_retention: str = key(
        Kind.STRING, "how long prompts are cached where a request does not say: `in_memory`, `24h`", default=""
    )
    bedrock_prompt_cache_point_positions: frozenset[str] = key(
        Kind.OBJECT,
        "where prompts are cached: `systemPrompt`, `lastUserMessage`, `lastMessage`, each true or false",
        factory=lambda: frozenset({"system"}),
        convert=_positions,
    )

    @property
    def signed(self) -> bool:
        return not self.api_tokens

    def check(self, path: str) -> None:
        if not self.aws_region:
            raise ConfigError(f"{path}.awsRegion: is required")
        if self.signed and not (self.aws_access_key and self.aws_secret_key):
            raise ConfigError(f"{path}.apiTokens: is required, or awsAccessKey and awsSecretKey")
