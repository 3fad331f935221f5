"""The keys of a provider object: those of every provider, and those that one type adds."""

# ruff: noqa: RUF009  # `key` makes a dataclass field, as `dataclasses.field` does

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxywasm import ConfigError, log

from . import apis
from .jsonx import type_name
from .model_mapping import ModelMapping, compile_mapping
from .schema import Kind, key


def _tokens(values: tuple[str, ...], path: str) -> tuple[str, ...]:
    for index, value in enumerate(values):
        if not value.strip():
            raise ConfigError(f"{path}[{index}]: must not be empty")
        # A line break at the end of a token is a frequent slip of secret files; it cannot stand in a header.
        if any(ord(c) < 32 or ord(c) == 127 for c in value):
            raise ConfigError(f"{path}[{index}]: must not contain control characters")
    return values


def _capabilities(table: dict[str, Any], path: str) -> Mapping[str, str]:
    paths = {}
    for api, target in table.items():
        if not isinstance(target, str):
            raise ConfigError(f"{path}.{api}: must be a string, got {type_name(target)}")
        if api not in apis.ALL:
            log.warn("%s.%s: unknown API, ignored", path, api)
            continue
        paths[api] = target
    return paths


def _host(value: str, path: str) -> str:
    if any(c in value for c in "/ \t\r\n") or value != value.strip():
        raise ConfigError(f"{path}: must be a host, or host:port, without scheme and path")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFile:
    """Where a text is kept that is put in front of every conversation."""

    file_url: str = key(Kind.STRING, "address of the text, http or https")
    service_name: str = key(Kind.STRING, "service that the gateway knows for the address")
    service_port: int = key(Kind.INTEGER, "port of the service", minimum=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomSetting:
    """A field that is written into every request body."""

    name: str = key(Kind.STRING, "name of the field; dots lead into objects")
    value: Any = key(Kind.ANY, "what to write")
    mode: str = key(
        Kind.STRING,
        "`auto` translates well-known names to those of the protocol, `raw` takes the name as it is",
        default="auto",
        choices=("auto", "raw"),
    )
    overwrite: bool = key(Kind.BOOLEAN, "also when the client gave the field", default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Keys of every provider."""

    type: str = key(Kind.STRING, "which model service this is")
    id: str = key(Kind.STRING, "name of this entry, for `activeProviderId`", default="")
    api_tokens: tuple[str, ...] = key(
        Kind.STRINGS,
        "credentials at the model service; with several, each request takes one at random",
        default=(),
        secret=True,
        convert=_tokens,
    )
    protocol: str = key(
        Kind.STRING,
        "what clients speak: `openai`, which is converted, or `original`, the service's own protocol, which is not",
        default="openai",
        choices=("openai", "original"),
    )
    timeout: int = key(Kind.INTEGER, "milliseconds for the plugin's own calls", default=120_000, minimum=0)
    first_byte_timeout: int = key(
        Kind.INTEGER, "milliseconds that a streamed answer may take to begin; 0: no limit", default=0, minimum=0
    )
    model_mapping: ModelMapping = key(
        Kind.OBJECT,
        "from the model asked for to the one used: exact names, prefixes `gpt-*`, regular expressions `~...`, `*`",
        factory=lambda: ModelMapping({}, [], None),
        convert=compile_mapping,
    )
    context: ContextFile | None = key(
        Kind.OBJECT, "a text to put in front of every conversation", default=None, keys=ContextFile
    )
    custom_settings: tuple[CustomSetting, ...] = key(
        Kind.OBJECTS, "fields to write into every request body", default=(), keys=CustomSetting
    )
    reasoning_content_mode: str = key(
        Kind.STRING,
        "what becomes of a model's reasoning: `passthrough`, `ignore`, or `concat` with the answer",
        default="passthrough",
        choices=("passthrough", "ignore", "concat"),
    )
    capabilities: Mapping[str, str] = key(
        Kind.OBJECT, "upstream paths by API name, added to the provider's own", factory=dict, convert=_capabilities
    )
    base_path: str = key(Kind.STRING, "a path prefix, see `basePathHandling`", default="")
    base_path_handling: str = key(
        Kind.STRING,
        "what to do with `basePath`: remove it from the client's path, or prepend it to the upstream's",
        default="removePrefix",
        choices=("removePrefix", "prepend"),
    )
    provider_base_path: str = key(Kind.STRING, "prefix of every upstream path", default="")
    provider_domain: str = key(Kind.STRING, "host to use instead of the provider's", default="", convert=_host)

    def check(self, path: str) -> None:
        """Rules between keys. Raises `ConfigError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QwenSettings(Settings):
    """Keys of Qwen."""

    qwen_enable_compatible: bool = key(
        Kind.BOOLEAN, "use DashScope's OpenAI-compatible endpoints; false: its native protocol", default=True
    )
    qwen_domain: str = key(Kind.STRING, "host, for example of another region", default="", convert=_host)
    qwen_enable_search: bool = key(Kind.BOOLEAN, "let the model search the web (native protocol)", default=False)
    qwen_file_ids: tuple[str, ...] = key(
        Kind.STRINGS, "files that `qwen-long` is to have read (native protocol)", default=()
    )

    def check(self, path: str) -> None:
        if self.qwen_file_ids and self.context:
            raise ConfigError(f"{path}.qwenFileIds: cannot be combined with context, both set the system prompt")
