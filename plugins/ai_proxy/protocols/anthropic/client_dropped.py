"""Fields of the pivot's answers that have no place in this protocol; see `ClientProtocol.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_FORM: Final = "a part of the form, which this protocol has in its own"
_FIRST: Final = "of a stream, that of the first event counts"

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "choices[1:]": "a message is one answer",
        "choices[].index": _FORM,
        "choices[].logprobs": "a message has no log probabilities",
        "choices[].message.annotations": "web pages become `citations` of the text; a message has no places in it, and "
        "`encrypted_index` is empty",
        "choices[].message.audio": "a message has no audio",
        "choices[].message.name": "the name of an author has no field",
        "choices[].message.role": _FORM,
        "choices[].message.tool_calls[].type": _FORM,
        "citations": "see `annotations`",
        "created": "a message has no time of creation",
        "id": _FIRST,
        "model": _FIRST,
        "object": _FORM,
        "search_results": "see `annotations`",
        "service_tier": "a message has no field for it",
        "system_fingerprint": "a message has no field for it",
        "usage.completion_tokens_details": "`output_tokens` includes them",
        "usage.prompt_tokens_details.audio_tokens": "`input_tokens` includes them",
        "usage.total_tokens": "the sum of the others",
        "web_search": "see `annotations`",
    }
)
