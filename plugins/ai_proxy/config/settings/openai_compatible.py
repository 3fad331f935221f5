"""The keys that providers with the OpenAI protocol add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import SplitResult

from proxywasm.config import Exclusive, Given, NoEffect, Pattern, Rule, key

from .common import Settings
from .texts import HOST, url

_RESPONSE_FORMAT: Final = "`response_format` of every chat, whatever the client asks for"


def _without_port(value: str) -> str:
    # The gateway's cluster knows the port; in the host that vLLM gets to see the original leaves it out, too.
    return value.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings(Settings):
    """Keys of OpenAI."""

    openai_custom_url: SplitResult | None = key(
        "address of a service with OpenAI's protocol; an address that ends like an API's is used for all requests",
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
        "address of the resource, of a deployment, of `/openai/v1`, or of one API, with `api-version` in its query",
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

    moonshot_file_id: str = key("not supported, in the original neither; use `context`", default="")

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
        "address of the server, see `openaiCustomUrl`", str, default=None, convert=url
    )
    vllm_server_host: str = key(
        "host of the server; a port is left out", str, default="", patterns=HOST, convert=_without_port
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        NoEffect(
            ("vllm_server_host",), "vllmCustomUrl has the host as well; remove one of the two", Given("vllm_custom_url")
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericSettings(Settings):
    """Keys of a service of any kind."""

    generic_host: str = key("host of the service; by default the client's", default="", patterns=HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudflareSettings(Settings):
    """Keys of Cloudflare Workers AI."""

    cloudflare_account_id: str = key(
        "the account, a part of all paths",
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

    zhipu_domain: str = key("host: `api.z.ai` is the international site", default="", patterns=HOST)
    zhipu_code_plan_mode: bool = key("chat goes to the endpoint of the coding plan", default=False)
