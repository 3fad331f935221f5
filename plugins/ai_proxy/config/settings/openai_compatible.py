"""The keys that providers with OpenAI's protocol add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import SplitResult

from proxywasm.config import Exclusive, Given, NoEffect, Pattern, Rule, key

from .common import Settings
from .texts import HOST, url

_RESPONSE_FORMAT: Final = "`response_format` of every chat; replaces the client's"


def _without_port(value: str) -> str:
    # The gateway's cluster has the port; the original leaves it out of `:authority`, too.
    return value.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings(Settings):
    """Keys of OpenAI."""

    openai_custom_url: SplitResult | None = key(
        "address of a service with OpenAI's protocol; if it ends with an API's path, all requests go to that path",
        str,
        default=None,
        convert=url,
    )
    response_json_schema: dict[str, Any] | None = key(_RESPONSE_FORMAT, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LongcatSettings(Settings):
    """Keys of LongCat."""

    response_json_schema: dict[str, Any] | None = key(_RESPONSE_FORMAT, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings(Settings):
    """Keys of Azure."""

    azure_service_url: SplitResult = key(
        "address of the resource, of a deployment, of `/openai/v1`, or of one API, with the query `api-version`",
        str,
        patterns=(
            Pattern("[?&]api-version=[^&#]", "must have a query with api-version, such as ?api-version=2024-10-21"),
        ),
        convert=url,
        example="https://my-resource.openai.azure.com/?api-version=2024-10-21",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MoonshotSettings(Settings):
    """Keys of Moonshot."""

    moonshot_file_id: str = key("has no effect, as in the original; use `context`", default="")

    rules: ClassVar[tuple[Rule, ...]] = (
        Exclusive("moonshot_file_id", "context"),
        NoEffect(("moonshot_file_id",), "it never had one, in the original neither; use context"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaSettings(Settings):
    """Keys of Ollama."""

    ollama_server_host: str = key("host of the server", patterns=HOST, example="ollama.internal")
    ollama_server_port: int = key("port of the server", minimum=1, maximum=65_535, example=11434)


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmSettings(Settings):
    """Keys of vLLM."""

    vllm_custom_url: SplitResult | None = key(
        "address of the server, used like `openaiCustomUrl`", str, default=None, convert=url
    )
    vllm_server_host: str = key(
        "host of the server; a port is ignored", str, default="", patterns=HOST, convert=_without_port
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        NoEffect(
            ("vllm_server_host",), "vllmCustomUrl has the host as well; remove one of the two", Given("vllm_custom_url")
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings(Settings):
    """Keys of self-hosted servers that need no more than their address."""

    server_url: SplitResult = key(
        "address of the server, with the path under which it is reached, if any; `/v1` at its end is optional",
        str,
        convert=url,
        example="http://models.internal:8000",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabricksSettings(Settings):
    """Keys of Databricks."""

    databricks_host: str = key("host of the workspace", patterns=HOST, example="my-workspace.cloud.databricks.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundrySettings(Settings):
    """Keys of Microsoft Foundry."""

    foundry_host: str = key("host of the resource", patterns=HOST, example="my-resource.services.ai.azure.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericSettings(Settings):
    """Keys of the provider `generic`."""

    generic_host: str = key("host of the service; by default the client's", default="", patterns=HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudflareSettings(Settings):
    """Keys of Cloudflare Workers AI."""

    cloudflare_account_id: str = key(
        "id of the account, a part of all paths",
        default="",
        expected="without it no path exists at Cloudflare",
        example="account-id",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubaoSettings(Settings):
    """Keys of Doubao."""

    doubao_domain: str = key("host, for example of another region", default="", patterns=HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZhipuSettings(Settings):
    """Keys of Zhipu AI."""

    zhipu_domain: str = key("host; `api.z.ai` is the international site", default="", patterns=HOST)
    zhipu_code_plan_mode: bool = key("send chats to the endpoint of the coding plan", default=False)
