"""Converts Google's answers, for Gemini and Vertex AI. Whole answers and events of a stream have the same format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream, retry_delay
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..pivot import chat_parts, reasoning
from ..pivot.chat import choice, completion
from ..pivot.reasoning import Stream
from ..pivot.tool_calls import place
from . import grounding
from .candidate import CandidateContent, finish_reason, logprobs, parts_of


def error(status: int, document: Json) -> ApiError | None:
    """`{"error": {"code", "message", "status"}}` (google.rpc.Status)."""
    inner = document.get("error")
    if not isinstance(inner, dict):
        return None
    if status < 400:
        code = inner.get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else 502
    word, message = inner.get("status"), inner.get("message")
    code_word = word if isinstance(word, str) and word else None
    said = message if isinstance(message, str) and message else code_word or "error"
    return ApiError(status, said, code=code_word, retry_after=retry_delay(inner))


def response(exchange: Exchange, document: Json, answer_id: str) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    choices: list[Json] = []
    for _, candidate in _candidates(document):
        content = CandidateContent(signed_ids=not exchange.client.keeps_signatures)
        content.add(candidate)
        message: Json = {"role": "assistant"}
        if content.text or not content.calls:
            message["content"] = content.text
        if content.reasoning:
            message["reasoning_content"] = content.reasoning
            mode = exchange.settings.reasoning_content_mode
            if mode != "passthrough":
                message = {**message, **reasoning.whole(message, mode)}
                del message["reasoning_content"]
        ahead = len(message.get("content") or "") - len(content.text)
        if "groundingMetadata" in candidate and (annotations := grounding.cited(candidate, content.text, ahead)):
            message["annotations"] = annotations
        if content.calls:
            message["tool_calls"] = content.calls
        reason = finish_reason(candidate, calls=bool(content.calls)) or "stop"
        choices.append(choice(len(choices), message, reason, logprobs(candidate)))
    if (refusal := blocked(document)) is not None and not choices:
        choices.append(choice(0, {"role": "assistant", "content": "", "refusal": refusal}, "content_filter"))
    if not choices and "usageMetadata" not in document:
        raise bad_upstream("the upstream's answer has no candidates")
    return completion(answer_id, exchange.model, choices, usage(document))


@dataclass(slots=True)
class State:
    """The state of one stream: the number of calls of each choice, and the reasoning sent so far."""

    mode: str
    signed_ids: bool = False
    texts: grounding.Texts | None = None
    """None: the request does not search the web, so nothing will be cited."""
    calls: dict[int, int] = field(default_factory=dict)
    reasoning: dict[int, Stream] = field(default_factory=dict)


def new_state(exchange: Exchange) -> State:
    texts = grounding.Texts() if exchange.expected.searches_web else None
    return State(exchange.settings.reasoning_content_mode, not exchange.client.keeps_signatures, texts)


def event(state: State, document: Json, writer: StreamWriter, answer_id: str) -> None:
    if (failure := error(200, document)) is not None:
        raise failure
    writer.begin(answer_id)
    counted = usage(document)
    candidates = list(_candidates(document))
    for index, candidate in candidates:
        content = CandidateContent(state.calls.get(index, 0), signed_ids=state.signed_ids)
        content.add(candidate)
        state.calls[index] = content.first_call + len(content.calls)
        reason = finish_reason(candidate, calls=state.calls[index] > 0)
        thinking = state.reasoning.setdefault(index, Stream(state.mode))
        text, reasoning_text = thinking.delta(
            content.text, content.reasoning, ends=bool(content.calls) or reason is not None
        )
        delta: Json = {}
        if reasoning_text:
            delta["reasoning_content"] = reasoning_text
        if text or not (reasoning_text or content.calls):
            delta["content"] = text or ""
        if content.calls:
            delta["tool_calls"] = content.calls
        if state.texts is not None:
            state.texts.add(index, content.text, text or "")
            if annotations := state.texts.cited(index, candidate):
                delta["annotations"] = annotations
        probabilities = logprobs(candidate)
        has_delta = bool(parts_of(candidate)) or any(delta.values())
        if reason is None or probabilities is not None:
            writer.delta(index, delta, logprobs=probabilities, usage=None if reason else counted)
            has_delta = False
        if reason is not None:
            writer.finish(index, reason, delta=delta if has_delta else None, usage=counted)
    if (refusal := blocked(document)) is not None:
        writer.finish(0, "content_filter", delta={"role": "assistant", "refusal": refusal}, usage=counted)
    elif counted and not candidates:
        writer.usage(counted)  # Sometimes the usage comes in an event without candidates.


def _candidates(document: Json) -> Iterator[tuple[int, Json]]:
    candidates = document.get("candidates")
    if candidates is not None and not isinstance(candidates, list):
        raise bad_upstream("the upstream's answer has candidates that are not an array")
    for position, candidate in enumerate(candidates or []):
        if not isinstance(candidate, dict):
            raise bad_upstream("the upstream's answer has a candidate that is not an object")
        yield place(candidate.get("index"), position), candidate


def blocked(document: Json) -> str | None:
    """Why a content filter has refused the prompt; None: it has not."""
    feedback = document.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    return f"the prompt was blocked: {reason}" if isinstance(reason, str) and reason else None


def usage(document: Json) -> Json | None:
    """The usage. OpenAI's completion tokens include reasoning; Google counts it separately."""
    counted = document.get("usageMetadata")
    if not isinstance(counted, dict):
        return None
    prompt = lenient.count(counted.get("promptTokenCount"))
    prompt += lenient.count(counted.get("toolUsePromptTokenCount"))
    reasoning_tokens = lenient.count(counted.get("thoughtsTokenCount"))
    answered = lenient.count(counted.get("candidatesTokenCount")) + reasoning_tokens
    return chat_parts.usage(
        prompt,
        answered,
        counted.get("totalTokenCount"),
        cached=counted.get("cachedContentTokenCount"),
        reasoning=reasoning_tokens,
    )
