"""The keys that Google's services add."""

# ruff: noqa: RUF009  # `key` makes a dataclass field, as `dataclasses.field` does

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxywasm import ConfigError

from ..oauth import ServiceAccount
from ..schema import Kind, key
from .common import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiSettings(Settings):
    """Keys of Gemini."""

    api_version: str = key(Kind.STRING, "version of the API that is asked for", default="v1beta")
    gemini_safety_setting: Mapping[str, Any] = key(
        Kind.OBJECT, "from category to threshold, for example `HARM_CATEGORY_HARASSMENT: BLOCK_NONE`", factory=dict
    )
    gemini_thinking_budget: int = key(
        Kind.INTEGER,
        "tokens that the 2.5 models may think; -1: as many as they like, 0: as the request says",
        default=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VertexSettings(Settings):
    """Keys of Vertex AI."""

    vertex_auth_key: ServiceAccount | None = key(
        Kind.STRING,
        "key file of a service account, as text; without `apiTokens`",
        default=None,
        secret=True,
        convert=ServiceAccount.read,
    )
    vertex_region: str = key(Kind.STRING, "region of the project, or `global`", default="")
    vertex_project_id: str = key(Kind.STRING, "id of the project", default="")
    vertex_auth_service_name: str = key(
        Kind.STRING, "service that the gateway knows for oauth2.googleapis.com, by DNS", default=""
    )
    vertex_token_refresh_ahead: int = key(
        Kind.INTEGER, "seconds before its end that an access token counts as expired", default=60, minimum=0
    )
    vertex_open_ai_compatible: bool = key(
        Kind.BOOLEAN,
        "use the endpoint that speaks OpenAI's protocol; chat only",
        default=False,
        name="vertexOpenAICompatible",
    )
    gemini_safety_setting: Mapping[str, Any] = key(
        Kind.OBJECT, "from category to threshold, for example `HARM_CATEGORY_HARASSMENT: BLOCK_NONE`", factory=dict
    )

    @property
    def mode(self) -> str:
        if self.api_tokens:
            return "express"
        return "compatible" if self.vertex_open_ai_compatible else "standard"

    def check(self, path: str) -> None:
        if self.api_tokens:
            if self.vertex_open_ai_compatible:
                raise ConfigError(f"{path}.vertexOpenAICompatible: cannot be combined with apiTokens")
            return
        for name, value in (
            ("vertexAuthKey", self.vertex_auth_key),
            ("vertexRegion", self.vertex_region),
            ("vertexProjectId", self.vertex_project_id),
            ("vertexAuthServiceName", self.vertex_auth_service_name),
        ):
            if not value:
                raise ConfigError(f"{path}.{name}: is required, unless there are apiTokens")
