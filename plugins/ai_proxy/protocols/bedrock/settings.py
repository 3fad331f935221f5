"""The keys that AWS Bedrock adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from proxywasm.config import All, Given, NoEffect, Not, Required, Rule, key

from ...config.settings.common import Settings

_NO_TOKENS: Final = Not(Given("api_tokens"))
SIGNED: Final = All((_NO_TOKENS, Given("aws_access_key")))
"""Requests are signed with a key pair, instead of carrying an API key."""

_POSITIONS: Final = {"systemPrompt": "system", "lastUserMessage": "last_user", "lastMessage": "last"}


def _positions(table: dict[str, bool]) -> frozenset[str]:
    return frozenset(_POSITIONS[name] for name, wanted in table.items() if wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockSettings(Settings):
    """Keys of AWS Bedrock."""

    aws_region: str = key("AWS region", trim=True, example="us-east-1")
    aws_access_key: str = key(
        "access key, if there are no `apiTokens`", default="", secret=True, trim=True, example="AKIA..."
    )
    aws_secret_key: str = key(
        "secret key that belongs to `awsAccessKey`", default="", secret=True, trim=True, example="..."
    )
    bedrock_messages_api: bool = key(
        "chats of Anthropic's clients with Claude models go to AWS' endpoint for Anthropic's API, "
        "`bedrock-mantle.{region}.api.aws`, which needs an upstream of its own and `apiTokens`; false: they are "
        "converted for the Converse API, as those with ARNs and with signed requests always are",
        default=True,
        essential=True,
    )
    bedrock_additional_fields: Mapping[str, Any] = key(
        "fields of `additionalModelRequestFields` for every chat", factory=dict
    )
    prompt_cache_retention: str = key("default of `prompt_cache_retention`: `in_memory` or `24h`", default="")
    bedrock_prompt_cache_point_positions: frozenset[str] = key(
        "positions of cache points: `systemPrompt`, `lastUserMessage`, `lastMessage`, each true or false",
        dict[str, bool],
        factory=lambda: frozenset({"system"}),
        shown={"systemPrompt": True},
        names=tuple(_POSITIONS),
        convert=_positions,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Required("aws_secret_key", SIGNED, ": it belongs to awsAccessKey"),
        Required("aws_access_key", All((_NO_TOKENS, Given("aws_secret_key"))), ": it belongs to awsSecretKey"),
        Required(
            "api_tokens",
            All((Not(Given("aws_access_key")), Not(Given("aws_secret_key")))),
            ", or awsAccessKey and awsSecretKey",
        ),
        NoEffect(
            ("aws_access_key", "aws_secret_key"),
            "there are apiTokens, with which requests are not signed; remove one of the two",
            Given("api_tokens"),
        ),
    )
