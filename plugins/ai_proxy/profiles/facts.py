"""The vocabulary of profiles: what a request to a model may say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""The scale of efforts, from the least to the most. Each service has some of them."""

MOST_TEMPERATURE: Final = 2.0
"""The highest temperature of OpenAI's protocol."""

_PLACE: Final = {effort: place for place, effort in enumerate(EFFORTS)}


REPORTED: Final = "error messages of the service that users have reported"
LISTED: Final = "public lists of the parameters of models, August 2026"
TESTED: Final = "the tests of a reseller of the model"
EARLIER: Final = "an earlier version of the page"
TRIED: Final = "the code of a public client, whose authors tried it on the API in 2026"
AGENTSCOPE: Final = "the documentation of AgentScope's client, made at Alibaba"
PARAMETERS: Final = "public lists of the parameters of models, November 2026"


class Thinking(Enum):
    """How a request says how much the model thinks."""

    UNKNOWN = "as the client asks"
    NONE = "none"
    ADAPTIVE = "adaptive, with an effort"
    BUDGET = "budget of tokens"
    LEVEL = "level"
    EFFORT = "effort"
    SWITCH = "on or off"
    ALWAYS = "always, without a setting"


class Sampling(Enum):
    """Which of `temperature` and `top_p` a model accepts."""

    ALL = "both"
    ONE = "one of the two"
    WITHOUT_THINKING = "both, unless it thinks"
    REFUSED = "none"


class Reasoning(Enum):
    """What the model does with the reasoning of earlier turns (`reasoning_content`)."""

    UNUSED = "not used"
    USED = "used"
    REQUIRED = "required with tool calls"


class Embedding(Enum):
    """What a request for embeddings to a model at AWS Bedrock looks like: each vendor's models have their own form."""

    NONE = "not for embeddings"
    TITAN_FIRST = "Titan Text, first generation"
    TITAN = "Titan Text"
    TITAN_IMAGE = "Titan Multimodal"
    COHERE_3 = "Cohere, version 3"
    COHERE = "Cohere"
    NOVA = "Nova"


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts are documented."""

    facts: str
    """Names of fields of `Profile`, separated by blanks."""
    url: str
    """The page; empty: none is known."""
    date: str
    """When it was read, or when the facts were collected."""
    rests_on: str = ""
    """What the facts rest on if nobody has read them on the page."""
    by: str = ""
    """Whose page it is, if not the vendor's."""

    @property
    def verified(self) -> bool:
        return not self.rests_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one family of models accepts."""

    family: str
    """The name of the family, for `modelFamily`."""
    vendor: str
    """Whose models these are."""
    models: str
    """A regular expression for the names of the models, see `resolution.plain_name`."""
    thinking: Thinking = Thinking.UNKNOWN
    efforts: tuple[str, ...] = ()
    """The efforts or levels that the model knows, in the order of the scale. Empty: none, or all."""
    on: str = "enabled"
    """The value of `thinking.type` that switches thinking on."""
    off: str = ""
    """The value of `thinking.type` that switches thinking off. Empty: leaving it out does, or nothing does."""
    always_thinks: bool = False
    """Thinking cannot be switched off."""
    thinks_by_default: bool = False
    """The model thinks if the request does not mention it."""
    least_budget: int = 0
    most_budget: int = 0
    """The bounds of a budget; 0: none are documented."""
    most_output: int = 0
    """The most tokens of an answer, thinking included; 0: not known, or never reached by default."""
    sampling: Sampling = Sampling.ALL
    most_temperature: float = MOST_TEMPERATURE
    least_temperature: float = 0.0
    refused: frozenset[str] = frozenset()
    """Further fields of OpenAI's protocol that the model refuses, or refuses while it thinks (see `sampling`)."""
    unlimited_effort: str = ""
    """The effort for which AWS takes neither a limit of tokens nor sampling."""
    limit_name: str = "max_tokens"
    """The name of the limit of tokens in OpenAI's protocol."""
    structured_outputs: bool = True
    """An answer can be made to follow a JSON Schema."""
    structured_outputs_with_tools: bool = True
    """It can be in a request that has tools, too."""
    forced_tools: bool = True
    """A request may force a tool call (`tool_choice`)."""
    forced_tools_with_thinking: bool = True
    """It may do so while the model thinks."""
    chat_tools_with_thinking: bool = True
    """OpenAI and Azure take function tools in Chat Completions while the model thinks."""
    prefill: bool = True
    """A conversation may end with the model's own message, which it continues."""
    reasoning: Reasoning = Reasoning.UNUSED
    call_signatures: bool = False
    """Tool calls have signatures that the model requires back."""
    signed_tool_turns: bool = False
    """With thinking, a turn with tool calls has to begin with its signed thinking."""
    cache_points: frozenset[str] = frozenset()
    """Where AWS' Converse API takes cache points: `system`, `messages`, `tools`."""
    schemas: str = "json"
    """The dialect of schemas: `json` (JSON Schema), `anthropic` (a part of it), `google` (OpenAPI's subset)."""
    embedding: Embedding = Embedding.NONE
    """The form of its requests for embeddings at AWS Bedrock."""
    multimodal_endpoint: bool = False
    """DashScope has it at its endpoint for images, audio and video."""
    reads_files: bool = False
    """DashScope's model that reads files by their ids."""
    sources: tuple[Source, ...] = ()

    @property
    def thinks(self) -> bool:
        """Thinking can be asked for, as far as is known."""
        return self.thinking not in {Thinking.NONE, Thinking.ALWAYS}

    def effort(self, wanted: str) -> str:
        """The least effort of this model that is not below the wanted one, otherwise its highest one.

        A word that is not on the scale is kept, and so is every effort for a model whose efforts are not known.
        """
        if not self.efforts or wanted not in _PLACE or wanted in self.efforts:
            return wanted
        place = _PLACE[wanted]
        return next((known for known in self.efforts if _PLACE[known] >= place), self.efforts[-1])


UNKNOWN: Final = Profile(family="", vendor="", models="")
"""A model of which nothing is known: requests say what the client says."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """The families of one vendor."""

    name: str
    title: str
    hint: re.Pattern[str]
    """What all names of this vendor's models contain."""
    families: tuple[Profile, ...] = field(repr=False)
    """The first whose expression a name contains is that of the model."""
    newest: Profile = field(repr=False)
    """That of models that no family contains."""
