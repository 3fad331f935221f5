"""The keys that Google's services add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from proxywasm.config import All, Exclusive, Given, Is, Kind, NoEffect, Not, Required, Rule, key

from ...config.settings.common import Settings
from ...config.settings.service_account import ServiceAccount

_SAFETY: Final = "from category to threshold, for example `HARM_CATEGORY_HARASSMENT: BLOCK_NONE`"

EXPRESS: Final = Given("api_tokens")
"""Vertex AI with API keys, and without a project."""
COMPATIBLE: Final = All((Not(EXPRESS), Is("vertex_open_ai_compatible", True)))
STANDARD: Final = All((Not(EXPRESS), Is("vertex_open_ai_compatible", False)))

_PROJECT: Final = ("vertex_auth_key", "vertex_region", "vertex_project_id", "vertex_auth_service_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiSettings(Settings):
    """Keys of Gemini."""

    api_version: str = key("version of the API, a part of all paths", default="v1beta")
    gemini_safety_setting: Mapping[str, str] = key(_SAFETY, factory=dict, aliases=("vertexGeminiSafetySetting",))
    gemini_thinking_budget: int = key(
        "budget for thinking of the 2.5 models; -1: the model decides, 0: the request decides",
        default=0,
        unit="tokens",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VertexSettings(Settings):
    """Keys of Vertex AI."""

    vertex_auth_key: ServiceAccount | None = key(
        "key file of a service account, if there are no `apiTokens`",
        Kind.DOCUMENT,
        default=None,
        secret=True,
        convert=ServiceAccount.read,
        example={"client_email": "...", "private_key": "...", "private_key_id": "..."},
    )
    vertex_region: str = key("region of the project, or `global`", default="", example="us-central1")
    vertex_project_id: str = key("id of the project", default="", example="my-project")
    vertex_auth_service_name: str = key(
        "the gateway's DNS service for oauth2.googleapis.com",
        default="",
        example="oauth2-googleapis",
    )
    vertex_token_refresh_ahead: int = key(
        "how long before its expiry an access token is renewed", default=60, minimum=0, unit="s"
    )
    vertex_open_ai_compatible: bool = key(
        "use the endpoint with OpenAI's protocol; chat only",
        default=False,
        name="vertexOpenAICompatible",
    )
    gemini_safety_setting: Mapping[str, str] = key(_SAFETY, factory=dict, aliases=("vertexGeminiSafetySetting",))

    rules: ClassVar[tuple[Rule, ...]] = (
        *(Required(name, Not(EXPRESS), ", unless there are apiTokens") for name in _PROJECT),
        Exclusive("vertex_open_ai_compatible", "api_tokens", ": that endpoint wants a service account"),
        NoEffect(
            (*_PROJECT, "vertex_token_refresh_ahead"),
            "there are apiTokens, with which no project and no service account are used; remove one of the two",
            EXPRESS,
        ),
        NoEffect(("gemini_safety_setting",), "the endpoint with OpenAI's protocol does not have it", COMPATIBLE),
    )

    def without_effect(self) -> Mapping[str, str]:
        account = self.vertex_auth_key
        return (
            {"vertex_auth_key": f"{account.fault}; requests fail until it is corrected"}
            if account and account.fault
            else {}
        )
