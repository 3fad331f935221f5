"""Fields of the pivot's answers that have no place in this protocol; see `ClientProtocol.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_FORM: Final = "a part of the form, which this protocol has in its own"
_FIRST: Final = "of a stream, that of the first event counts"

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "choices[1:]": "a response is one answer",
        "choices[].index": _FORM,
        "choices[].message.annotations": "web pages that the text names become `annotations`, without what they say",
        "choices[].message.audio": "a response has no audio",
        "choices[].message.name": "the name of an author has no field",
        "choices[].message.role": _FORM,
        "choices[].message.tool_calls[].type": _FORM,
        "citations": "see `annotations`; those that the text does not name by `[1]` have no place",
        "created": _FIRST,
        "id": _FIRST,
        "model": _FIRST,
        "object": _FORM,
        "search_results": "see `annotations`; those that the text does not name by `[1]` have no place",
        "service_tier": "the field repeats the request",
        "system_fingerprint": "a response has no field for it",
        "usage.completion_tokens_details": "`output_tokens` includes them",
        "usage.prompt_tokens_details.audio_tokens": "`input_tokens` includes them",
        "web_search": "see `annotations`; those that the text does not name by `[ref_1]` have no place",
    }
)
