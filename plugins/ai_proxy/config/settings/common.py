"""The keys of a provider object that every provider has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from proxywasm.config import All, Given, Is, Naming, NoEffect, Not, Rule, key

from ...profiles.facts import Profile
from ...wire import apis
from ...wire.client_headers import CREDENTIALS
from ..model_mapping import ModelMapping, compile_mapping
from .model_names import ModelNames
from .models import ByModel, ModelFacts, families
from .reliability import LONGEST_CALL, FailoverSettings, RetrySettings
from .stored_responses import StoredResponses
from .texts import HOST, TOKEN, UPSTREAM_PATH

# Settings that change conversations; with `protocol: original` bodies pass unchanged.
CONVERSATION: Final = (
    "model_mapping",
    "list_mapped_models",
    "model_family",
    "model_facts",
    "responses",
    "context",
    "reasoning_content_mode",
    "context_cleanup_commands",
    "merge_consecutive_messages",
    "promote_thinking_on_empty",
    "hiclaw_mode",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFile:
    """The address of a text that is inserted in front of every conversation."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    file_url: str = key("address of the text, http or https", secret=True)
    service_name: str = key("the gateway's service for the address")
    service_port: int = key("port of the service", minimum=1, maximum=65_535)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomSetting:
    """A field that the plugin writes into every request body."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    name: str = key("name of the field; a dot separates the levels of nested objects")
    value: Any = key("value of the field")
    mode: str = key(
        "`auto` writes only names of the OpenAI protocol (`max_tokens`, `temperature`, `top_p`, `seed`); "
        "`raw` writes any name",
        default="auto",
        choices=("auto", "raw"),
    )
    overwrite: bool = key("replace the client's value, if it sends one", default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Keys of every provider."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    type: str = key("the model service")
    id: str = key("name of this entry, for `activeProviderId`", default="")
    api_tokens: tuple[str, ...] = key(
        "credentials for the model service; several are used in turn",
        default=(),
        secret=True,
        patterns=TOKEN,
    )
    protocol: str = key(
        "protocol of the clients: `openai`, which is converted, or `original`, the service's own protocol, which is "
        "passed through",
        default="openai",
        choices=("openai", "original"),
        essential=True,
    )
    timeout: int = key(
        "time-out of the plugin's own calls", default=120_000, minimum=0, maximum=LONGEST_CALL, unit="ms"
    )
    first_byte_timeout: int = key(
        "time limit for the first byte of a streamed answer; 0: no limit", default=0, minimum=0, unit="ms"
    )
    model_mapping: ModelMapping = key(
        "from the client's model name to the service's: exact names, prefixes `gpt-*`, regular expressions `~...`, `*`",
        dict[str, str],
        factory=lambda: ModelMapping({}, [], None),
        shown={},
        convert=compile_mapping,
    )
    list_mapped_models: bool = key(
        "put the exact names of `modelMapping` in front of the service's list of models; where it has no list, these "
        "names are the list in any case",
        default=False,
    )
    model_family: ByModel[Profile] = key(
        "the family of a model whose name does not say it, such as a deployment or an ARN, by the service's name of "
        "the model: exact names, prefixes `name*`, `*`; models.md lists the families",
        dict[str, str],
        factory=lambda: ByModel({}),
        shown={},
        convert=families,
        essential=True,
        example={"my-deployment": "gpt-5"},
    )
    model_facts: ByModel[ModelFacts] = key(
        "facts about a model that differ from those of its family, by name as in `modelFamily`",
        dict[str, ModelFacts],
        factory=lambda: ByModel({}),
        shown={},
        convert=ByModel,
        essential=True,
    )
    context: ContextFile | None = key(
        "a text that is inserted in front of every conversation", default=None, essential=True
    )
    responses: StoredResponses | None = key(
        "keep responses for clients of the Responses API, where the service has only chats: responses.md",
        default=None,
        essential=True,
    )
    models: ModelNames = key(
        "the models that clients reach at this provider, by the names that they use: exact names, prefixes `gpt-*`, "
        "regular expressions `~...`, `*`; see routing.md",
        tuple[str, ...],
        factory=lambda: ModelNames(()),
        shown=(),
        convert=ModelNames,
        example=("gpt-*", "o3"),
        essential=True,
    )
    weight: float = key(
        "its part of the requests for models that other providers have, too; 0: none, unless those fail",
        default=1,
        minimum=0,
    )
    costs: ByModel[float] = key(
        "the price of a request, by the client's model name as in `modelFamily`, in the same unit for all providers",
        dict[str, float],
        factory=lambda: ByModel({}),
        shown={},
        convert=ByModel,
    )
    cluster: str = key(
        "the gateway's name for the upstream of this provider, for call-outs: after another provider has failed, and "
        "for each of several texts if the service embeds one a request (Titan and Nova at Bedrock); by default the "
        "upstream of the route for such texts, otherwise the provider's host",
        default="",
    )
    failover: FailoverSettings | None = key("how tokens that fail are taken out of use", default=None)
    retry_on_failure: RetrySettings | None = key("how failed requests are retried", default=None)
    custom_settings: tuple[CustomSetting, ...] = key("fields to write into every request body", default=())
    reasoning_content_mode: str = key(
        "how reasoning is returned: `passthrough` (in its own field), `ignore` (dropped), or `concat` (in front of the "
        "answer); for the providers that are marked below",
        default="passthrough",
        choices=("passthrough", "ignore", "concat"),
    )
    stream_usage: str = key(
        "when streams in OpenAI's protocol end with the usage: `asAsked` (if the client asks for it), or `always`, for "
        "plugins that count tokens",
        default="asAsked",
        choices=("asAsked", "always"),
        essential=True,
    )
    capabilities: Mapping[str, str] = key(
        "upstream paths by API name; they extend and override the provider's own",
        factory=dict,
        names=tuple(sorted(apis.ALL)),
        patterns=UPSTREAM_PATH,
    )
    context_cleanup_commands: tuple[str, ...] = key(
        "a user message with exactly one of these texts deletes itself and all earlier messages except system messages",
        default=(),
    )
    merge_consecutive_messages: bool = key("merge consecutive messages of the same role", default=False)
    promote_thinking_on_empty: bool = key(
        "an answer without content returns its reasoning as the content", default=False
    )
    hiclaw_mode: bool = key("enable `mergeConsecutiveMessages` and `promoteThinkingOnEmpty`", default=False)
    base_path: str = key("a path prefix; `basePathHandling` says how it is used", default="")
    base_path_handling: str = key(
        "remove `basePath` from the client's path (`removePrefix`), or add it to the upstream path (`prepend`)",
        default="removePrefix",
        choices=("removePrefix", "prepend"),
    )
    provider_base_path: str = key("prefix of every upstream path", default="")
    forward_headers: tuple[str, ...] = key(
        "request headers that the model service gets although they may identify the client; the others of the list "
        "below are removed",
        default=(),
        names=tuple(sorted(CREDENTIALS)),
        essential=True,
    )
    provider_domain: str = key("host that replaces the provider's", default="", patterns=HOST)

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

    def without_effect(self) -> Mapping[str, str]:
        """Fields whose values are useless in a way that no rule describes, with the reasons."""
        return {}
