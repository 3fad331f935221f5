"""The keys that providers with a protocol of their own add."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from proxywasm import ConfigError

from ..schema import Kind, key
from .common import Settings, host


def _host_of_url(value: str, path: str) -> str:
    """Of an address only host and port count; the paths are known."""
    try:
        url = urlsplit(value if "://" in value else f"https://{value}")
        port = url.port
    except ValueError as error:
        raise ConfigError(f"{path}: not an address: {error}") from None
    if not url.hostname or port == 0:
        raise ConfigError(f"{path}: not an address: no host in it")
    return url.netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class HunyuanSettings(Settings):
    """Keys of Hunyuan."""

    hunyuan_auth_id: str = key(
        Kind.STRING, "SecretId, for Tencent Cloud's own protocol; without it, the OpenAI-compatible one", default=""
    )
    hunyuan_auth_key: str = key(Kind.STRING, "SecretKey", default="", secret=True)

    @property
    def native(self) -> bool:
        return bool(self.hunyuan_auth_id or self.hunyuan_auth_key)

    def check(self, path: str) -> None:
        if not self.native:
            return
        for name, value, length in (("Id", self.hunyuan_auth_id, 36), ("Key", self.hunyuan_auth_key, 32)):
            if len(value) != length or not value.isascii() or not value.isprintable():
                raise ConfigError(
                    f"{path}.hunyuanAuth{name}: must have {length} characters, as Tencent Cloud issues it"
                )


BOT_TYPES = ("Chat", "Agent", "Completion", "Workflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class DifySettings(Settings):
    """Keys of Dify."""

    dify_api_url: str = key(
        Kind.STRING, "address of a Dify of your own; its path does not matter", default="", convert=_host_of_url
    )
    bot_type: str = key(Kind.STRING, "what kind of app it is", choices=BOT_TYPES)
    input_variable: str = key(Kind.STRING, "variable that a workflow gets the conversation in", default="query")
    output_variable: str = key(Kind.STRING, "variable that a workflow gives its answer in", default="text")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeeplSettings(Settings):
    """Keys of DeepL."""

    target_lang: str = key(Kind.STRING, "language to translate to, such as DE or EN-US")


@dataclass(frozen=True, slots=True, kw_only=True)
class TritonSettings(Settings):
    """Keys of Triton."""

    triton_domain: str = key(Kind.STRING, "host of the server", convert=host)
    triton_model_version: str = key(Kind.STRING, "version of the model; without it, the server chooses", default="")
