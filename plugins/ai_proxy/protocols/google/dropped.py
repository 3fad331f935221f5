"""Fields of answers that have no place in a chat of OpenAI's protocol; see `Dialect.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "candidates[].content.role": "a part of the form, which the client's protocol has in its own",
        "candidates[].safetyRatings": "OpenAI's chats have no field for it",
        "modelVersion": "OpenAI's chats have no field for it",
        "responseId": "the answer gets an id of the gateway",
        "candidates[].content.parts[].codeExecutionResult.outcome": "the output of the code shows it",
        "candidates[].citationMetadata": "OpenAI's chats have no field for it",
        "candidates[].groundingMetadata": "cited pages become `annotations`; the rest has no field",
        "candidates[].urlContextMetadata": "OpenAI's chats have no field for it",
        "candidates[].avgLogprobs": "OpenAI's chats have no field for it",
        "createTime": "the answer has the time of its conversion",
    }
)

IMAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "predictions[].mimeType": "OpenAI's chats have no field for it",
        "candidates[].content.parts[].inlineData.mimeType": "OpenAI's chats have no field for it",
        "candidates[].content.parts[].text": "answers with images have no text in OpenAI's protocol",
        "candidates[].content.role": "a part of the form, which the client's protocol has in its own",
        "candidates[].finishReason": "an image is there or the request has failed",
        "candidates[].index": "a part of the form, which the client's protocol has in its own",
        "candidates[].safetyRatings": "OpenAI's chats have no field for it",
        "modelVersion": "OpenAI's chats have no field for it",
        "responseId": "OpenAI's chats have no field for it",
    }
)
