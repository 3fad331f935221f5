"""The keys of a provider object that every provider has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from proxywasm.config import All, Given, Is, Naming, NoEffect, Not, Rule, key

from ...wire import apis
from ...wire.client_headers import CREDENTIALS
from ..model_mapping import ModelMapping, compile_mapping
from .reliability import LONGEST_CALL, FailoverSettings, RetrySettings
from .texts import HOST, TOKEN, UPSTREAM_PATH

# What is done with conversations, which nothing is done with where bodies pass as they are.
CONVERSATION: Final = (
    "model_mapping",
    "context",
    "reasoning_content_mode",
    "context_cleanup_commands",
    "merge_consecutive_messages",
    "promote_thinking_on_empty",
    "hiclaw_mode",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFile:
    """Where a text is kept that is put in front of every conversation."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    file_url: str = key("address of the text, http or https", secret=True)
    service_name: str = key("service that the gateway knows for the address")
    service_port: int = key("port of the service", minimum=1, maximum=65_535)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomSetting:
    """A field that is written into every request body."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    name: str = key("name of the field; dots lead into objects")
    value: Any = key("what to write")
    mode: str = key(
        "`auto` translates well-known names to those of the protocol, `raw` takes the name as it is",
        default="auto",
        choices=("auto", "raw"),
    )
    overwrite: bool = key("also when the client gave the field", default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Keys of every provider."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    type: str = key("which model service this is")
    id: str = key("name of this entry, for `activeProviderId`", default="")
    api_tokens: tuple[str, ...] = key(
        "credentials at the model service; several take turns",
        default=(),
        secret=True,
        patterns=TOKEN,
    )
    protocol: str = key(
        "what clients speak: `openai`, which is converted, or `original`, the service's own protocol, which is not",
        default="openai",
        choices=("openai", "original"),
    )
    timeout: int = key("limit of the plugin's own calls", default=120_000, minimum=0, maximum=LONGEST_CALL, unit="ms")
    first_byte_timeout: int = key(
        "how long a streamed answer may take to begin; 0: no limit", default=0, minimum=0, unit="ms"
    )
    model_mapping: ModelMapping = key(
        "from the model asked for to the one used: exact names, prefixes `gpt-*`, regular expressions `~...`, `*`",
        dict[str, str],
        factory=lambda: ModelMapping({}, [], None),
        shown={},
        convert=compile_mapping,
    )
    context: ContextFile | None = key("a text to put in front of every conversation", default=None)
    failover: FailoverSettings | None = key("what is done with tokens that fail", default=None)
    retry_on_failure: RetrySettings | None = key("whether a request that failed is tried again", default=None)
    custom_settings: tuple[CustomSetting, ...] = key("fields to write into every request body", default=())
    reasoning_content_mode: str = key(
        "what becomes of a model's reasoning: `passthrough`, `ignore`, or `concat` with the answer; "
        "for providers that say so below",
        default="passthrough",
        choices=("passthrough", "ignore", "concat"),
    )
    capabilities: Mapping[str, str] = key(
        "upstream paths by API name, added to the provider's own, over which they win",
        factory=dict,
        names=tuple(sorted(apis.ALL)),
        patterns=UPSTREAM_PATH,
    )
    context_cleanup_commands: tuple[str, ...] = key(
        "messages of a user that say exactly this wipe the conversation before them, but for system messages",
        default=(),
    )
    merge_consecutive_messages: bool = key("make one message of several in a row from the same side", default=False)
    promote_thinking_on_empty: bool = key(
        "an answer with reasoning but without content gets the reasoning as its content", default=False
    )
    hiclaw_mode: bool = key("switch the previous two on", default=False)
    base_path: str = key("a path prefix, see `basePathHandling`", default="")
    base_path_handling: str = key(
        "what to do with `basePath`: remove it from the client's path, or prepend it to the upstream's",
        default="removePrefix",
        choices=("removePrefix", "prepend"),
    )
    provider_base_path: str = key("prefix of every upstream path", default="")
    forward_headers: tuple[str, ...] = key(
        "headers of clients that go to the model service although they may prove who the client is; "
        "all others of the list below are removed",
        default=(),
        names=tuple(sorted(CREDENTIALS)),
    )
    provider_domain: str = key("host to use instead of the provider's", default="", patterns=HOST)

    rules: ClassVar[tuple[Rule, ...]] = (
        NoEffect(("base_path_handling",), "there is no basePath to handle", Not(Given("base_path"))),
        NoEffect(
            ("merge_consecutive_messages",),
            "hiclawMode switches it on; remove one of the two",
            All((Is("hiclaw_mode", True), Is("merge_consecutive_messages", False))),
            even_default=True,
        ),
        NoEffect(
            ("promote_thinking_on_empty",),
            "hiclawMode switches it on; remove one of the two",
            All((Is("hiclaw_mode", True), Is("promote_thinking_on_empty", False))),
            even_default=True,
        ),
        NoEffect(CONVERSATION, "with protocol original bodies pass as they are", Is("protocol", "original")),
    )
