"""The keys that providers with the OpenAI protocol add."""

# ruff: noqa: RUF009  # `key` makes a dataclass field, as `dataclasses.field` does

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from proxywasm import ConfigError

from ..schema import Kind, key
from .common import Settings, host


def _url(value: str, path: str) -> SplitResult:
    """An address; without scheme it is taken as https."""
    try:
        url = urlsplit(value if "://" in value else f"https://{value}")
        port = url.port
    except ValueError as error:
        raise ConfigError(f"{path}: not an address: {error}") from None
    if not url.hostname or port == 0:
        raise ConfigError(f"{path}: not an address: no host in it")
    return url


def _azure_url(value: str, path: str) -> SplitResult:
    url = _url(value, path)
    if not parse_qs(url.query).get("api-version"):
        raise ConfigError(f"{path}: must have a query with api-version")
    return url


def _without_port(value: str, path: str) -> str:
    # The gateway's cluster knows the port; in the host that vLLM gets to see the original leaves it out, too.
    return host(value, path).partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings(Settings):
    """Keys of OpenAI."""

    openai_custom_url: SplitResult | None = key(
        Kind.STRING,
        "address of a service with OpenAI's protocol; an address that ends like an API's is used for all requests",
        default=None,
        convert=_url,
    )
    response_json_schema: dict[str, Any] | None = key(
        Kind.OBJECT, "`response_format` of every chat, whatever the client asks for", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LongcatSettings(Settings):
    """Keys of LongCat."""

    response_json_schema: dict[str, Any] | None = key(
        Kind.OBJECT, "`response_format` of every chat, whatever the client asks for", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings(Settings):
    """Keys of Azure."""

    azure_service_url: SplitResult = key(
        Kind.STRING,
        "address of the resource, of a deployment, of `/openai/v1`, or of one API, with `api-version` in its query",
        convert=_azure_url,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MoonshotSettings(Settings):
    """Keys of Moonshot."""

    moonshot_file_id: str = key(Kind.STRING, "no effect, as in the original", default="")

    def check(self, path: str) -> None:
        if self.moonshot_file_id and self.context:
            raise ConfigError(f"{path}.moonshotFileId: cannot be combined with context")


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaSettings(Settings):
    """Keys of Ollama."""

    ollama_server_host: str = key(Kind.STRING, "host of the server", convert=host)
    ollama_server_port: int = key(Kind.INTEGER, "port of the server", minimum=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmSettings(Settings):
    """Keys of vLLM."""

    vllm_custom_url: SplitResult | None = key(
        Kind.STRING, "address of the server, see `openaiCustomUrl`", default=None, convert=_url
    )
    vllm_server_host: str = key(
        Kind.STRING, "host of the server; a port is left out", default="", convert=_without_port
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericSettings(Settings):
    """Keys of a service of any kind."""

    generic_host: str = key(Kind.STRING, "host of the service; by default the client's", default="", convert=host)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudflareSettings(Settings):
    """Keys of Cloudflare Workers AI."""

    cloudflare_account_id: str = key(Kind.STRING, "the account, a part of all paths", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubaoSettings(Settings):
    """Keys of Doubao."""

    doubao_domain: str = key(Kind.STRING, "host, for example of another region", default="", convert=host)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZhipuSettings(Settings):
    """Keys of Zhipu AI."""

    zhipu_domain: str = key(Kind.STRING, "host: `api.z.ai` is the international site", default="", convert=host)
    zhipu_code_plan_mode: bool = key(Kind.BOOLEAN, "chat goes to the endpoint of the coding plan", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimaxSettings(Settings):
    """Keys of MiniMax."""

    minimax_api_type: str = key(
        Kind.STRING, "`v2`, the OpenAI protocol, or `pro`, ChatCompletion Pro", default="v2", choices=("v2", "pro")
    )
    minimax_group_id: str = key(Kind.STRING, "the group, for `pro`", default="")

    def check(self, path: str) -> None:
        if self.minimax_api_type == "pro" and not self.minimax_group_id:
            raise ConfigError(f"{path}.minimaxGroupId: is required for minimaxApiType pro")


@dataclass(frozen=True, slots=True, kw_only=True)
class KlingSettings(Settings):
    """Keys of Kling."""

    kling_access_key: str = key(Kind.STRING, "access key; with the secret key instead of apiTokens", default="")
    kling_secret_key: str = key(Kind.STRING, "secret key", default="", secret=True)

    def check(self, path: str) -> None:
        access, secret = self.kling_access_key.strip(), self.kling_secret_key.strip()
        if bool(access) != bool(secret):
            missing = "klingSecretKey" if access else "klingAccessKey"
            raise ConfigError(f"{path}.{missing}: is required: the two keys belong together")
        if not access and not self.api_tokens:
            raise ConfigError(f"{path}.apiTokens: is required, or klingAccessKey and klingSecretKey")
