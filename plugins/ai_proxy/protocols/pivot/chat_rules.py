"""What a service accepts of a chat, as far as all of its models have it in common: names, ids, small values."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from . import identifiers
from .identifiers import NameRule


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRules:
    """The defaults are those of services with OpenAI's protocol."""

    names: NameRule = identifiers.OPENAI_NAMES
    """Names of tools."""
    ids: re.Pattern[str] | None = None
    """Matches ids of calls that are accepted; None: all are."""
    cache_control: bool = False
    """Anthropic's `cache_control` is read, in parts of messages and in tools."""
    failed_results: bool = False
    """`is_error` of tool results is read."""
    file_urls: bool = False
    """Files may be given by their address (`file.file_url`)."""
    signed_thinking: bool = False
    """Thinking comes back with its signatures; an answer in the conversation may have nothing else."""
    user_first: bool = False
    """A conversation begins with the user."""
    blank_stops: bool = True
    """Stop sequences may be white space."""
    most_stops: int = 0
    """The largest number of stop sequences; 0: there is none."""
    user: bool = True
    """The field `user` is accepted, or read by the service protocol."""
    longest_user: int = 0
    """The largest number of characters of `user`; 0: there is none."""


OPENAI_LIKE: Final = ChatRules()
OPENAI: Final = ChatRules(ids=identifiers.OPENAI_IDS, most_stops=4, longest_user=64)
"""Source: OpenAI API reference, "Create chat completion", `stop`, `safety_identifier`."""
ANTHROPIC: Final = ChatRules(
    names=identifiers.ANTHROPIC_NAMES, ids=identifiers.ANTHROPIC_IDS, cache_control=True, failed_results=True,
    file_urls=True, signed_thinking=True, user_first=True, blank_stops=False, longest_user=256,
)  # fmt: skip
"""Source: platform.claude.com, "Create a Message"; and the errors of the API, "stop_sequences: each stop sequence must
contain non-whitespace" and "metadata.user_id: String should have at most 256 characters"."""
GOOGLE: Final = ChatRules(
    names=identifiers.GOOGLE_NAMES, failed_results=True, file_urls=True, user_first=True, most_stops=5
)
"""Source: ai.google.dev/api, "Content", "FunctionResponse" and `stopSequences`."""
BEDROCK: Final = ChatRules(
    ids=identifiers.AWS_IDS, cache_control=True, failed_results=True, signed_thinking=True, user_first=True
)
"""Source: AWS, "Converse", "ToolResultBlock"; and the error "A conversation must start with a user message"."""
BEDROCK_CLAUDE: Final = replace(BEDROCK, blank_stops=False)
MISTRAL: Final = ChatRules(ids=identifiers.MISTRAL_IDS, user=False)
"""Source: Mistral API reference, "Chat Completion": fields that are not there are refused."""
READS_CACHE_CONTROL: Final = ChatRules(cache_control=True)
"""Source: OpenRouter docs, "Prompt Caching"; Alibaba Cloud Model Studio, "Context cache"."""
