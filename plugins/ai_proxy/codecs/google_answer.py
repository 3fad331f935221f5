"""Google's answers: for Gemini and Vertex AI, whole ones and the events of a stream, which have the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..call import Call
from ..chat import choice, completion
from ..errors import ApiError, bad_upstream
from ..jsonx import Json
from ..writers import Writer
from ..writers.calls import place
from . import content, qwen_reasoning

_FINISH: Final = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
}


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
    return ApiError(status, message if isinstance(message, str) and message else code_word or "error", code=code_word)


def response(call: Call, document: Json, answer_id: str) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    choices: list[Json] = []
    for _, candidate in _candidates(document):
        said = _Said()
        said.add(candidate)
        message: Json = {"role": "assistant"}
        if said.text or not said.calls:
            message["content"] = said.text
        if said.thought:
            message["reasoning_content"] = said.thought
            mode = call.settings.reasoning_content_mode
            if mode != "passthrough":
                message = {**message, **qwen_reasoning.whole(message, mode)}
                del message["reasoning_content"]
        if said.calls:
            message["tool_calls"] = said.calls
        reason = finish_reason(candidate, calls=bool(said.calls)) or "stop"
        choices.append(choice(len(choices), message, reason, _logprobs(candidate)))
    if (blocked := _blocked(document)) is not None and not choices:
        choices.append(choice(0, {"role": "assistant", "content": "", "refusal": blocked}, "content_filter"))
    if not choices and "usageMetadata" not in document:
        raise bad_upstream("the upstream's answer has no candidates")
    return completion(answer_id, call.model, choices, usage(document))


class State:
    """One stream: how many calls each choice has made, and what of its reasoning has been told."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.calls: dict[int, int] = {}
        self.reasoning: dict[int, qwen_reasoning.Stream] = {}


def event(call: Call, document: Json, writer: Writer, answer_id: str) -> None:
    if (failure := error(200, document)) is not None:
        raise failure
    state = call.state
    if not isinstance(state, State):
        state = call.state = State(call.settings.reasoning_content_mode)
    writer.begin(answer_id)
    counted = usage(document)
    candidates = list(_candidates(document))
    for index, candidate in candidates:
        said = _Said(state.calls.get(index, 0))
        said.add(candidate)
        state.calls[index] = said.first + len(said.calls)
        reason = finish_reason(candidate, calls=state.calls[index] > 0)
        reasoning = state.reasoning.setdefault(index, qwen_reasoning.Stream(state.mode))
        text, thought = reasoning.delta(said.text, said.thought, ends=bool(said.calls) or reason is not None)
        delta: Json = {}
        if thought:
            delta["reasoning_content"] = thought
        if text or not (thought or said.calls):
            delta["content"] = text or ""
        if said.calls:
            delta["tool_calls"] = said.calls
        if reason is not None:
            says = bool(_parts(candidate)) or any(delta.values())
            writer.finish(index, reason, delta=delta if says else None, usage=counted)
        else:
            writer.delta(index, delta, logprobs=_logprobs(candidate), usage=counted)
    if (blocked := _blocked(document)) is not None:
        writer.finish(0, "content_filter", delta={"role": "assistant", "refusal": blocked}, usage=counted)
    elif counted and not candidates:
        writer.usage(counted)  # At times the counts follow in an event of their own.


class _Said:
    """What the parts of a candidate say."""

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.text = self.thought = ""
        self.calls: list[Json] = []

    def add(self, candidate: Json) -> None:
        for part in _parts(candidate):
            if isinstance(text := part.get("text"), str):
                if part.get("thought") is True:
                    self.thought += text
                else:
                    self.text += text
            elif isinstance(function := part.get("functionCall"), dict):
                self._call(function, part)
            elif isinstance(data := part.get("inlineData"), dict):
                # A chat of OpenAI has no place for images; an address is what its clients can show.
                self.text += f"data:{data.get('mimeType')};base64,{data.get('data')}"
            elif isinstance(code := part.get("executableCode"), dict):
                self.text += f"```{str(code.get('language') or '').lower()}\n{code.get('code')}\n```\n"
            elif isinstance(outcome := part.get("codeExecutionResult"), dict):
                self.text += f"```\n{outcome.get('output')}\n```\n"

    def _call(self, function: Json, part: Json) -> None:
        call_id, name = str(function.get("id") or ""), str(function.get("name") or "")
        call = content.tool_call(self.first + len(self.calls), call_id, name, function.get("args"))
        if isinstance(signature := part.get("thoughtSignature"), str):
            call["extra_content"] = {"google": {"thought_signature": signature}}
        self.calls.append(call)


def _candidates(document: Json) -> Iterator[tuple[int, Json]]:
    candidates = document.get("candidates")
    if candidates is not None and not isinstance(candidates, list):
        raise bad_upstream("the upstream's answer has candidates that are not an array")
    for position, candidate in enumerate(candidates or []):
        if not isinstance(candidate, dict):
            raise bad_upstream("the upstream's answer has a candidate that is not an object")
        yield place(candidate.get("index"), position), candidate


def _parts(candidate: Json) -> list[Json]:
    inner = candidate.get("content")
    parts = inner.get("parts") if isinstance(inner, dict) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def finish_reason(candidate: Json, *, calls: bool) -> str | None:
    reason = candidate.get("finishReason")
    if not isinstance(reason, str) or not reason or reason == "FINISH_REASON_UNSPECIFIED":
        return None
    return "tool_calls" if calls and reason == "STOP" else _FINISH.get(reason, reason.lower())


def _blocked(document: Json) -> str | None:
    feedback = document.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    return f"the prompt was blocked: {reason}" if isinstance(reason, str) and reason else None


def usage(document: Json) -> Json | None:
    """Thoughts are tokens of the answer at OpenAI; Google counts them beside these."""
    counted = document.get("usageMetadata")
    if not isinstance(counted, dict):
        return None
    prompt = content.positive(counted.get("promptTokenCount"))
    prompt += content.positive(counted.get("toolUsePromptTokenCount"))
    thoughts = content.positive(counted.get("thoughtsTokenCount"))
    answered = content.positive(counted.get("candidatesTokenCount")) + thoughts
    total = content.positive(counted.get("totalTokenCount")) or prompt + answered
    result: Json = {"prompt_tokens": prompt, "completion_tokens": answered, "total_tokens": total}
    if cached := content.positive(counted.get("cachedContentTokenCount")):
        result["prompt_tokens_details"] = {"cached_tokens": cached}
    if thoughts:
        result["completion_tokens_details"] = {"reasoning_tokens": thoughts}
    return result


def _logprobs(candidate: Json) -> Json | None:
    result = candidate.get("logprobsResult")
    chosen = result.get("chosenCandidates") if isinstance(result, dict) else None
    if not isinstance(chosen, list):
        return None
    tops: list[Any] = result.get("topCandidates") if isinstance(result, dict) else []  # type: ignore[assignment]
    tops = tops if isinstance(tops, list) else []
    tokens = []
    for position, one in enumerate(chosen):
        others = tops[position].get("candidates") if position < len(tops) and isinstance(tops[position], dict) else []
        entry = _token(one)
        entry["top_logprobs"] = [_token(other) for other in (others if isinstance(others, list) else [])]
        tokens.append(entry)
    return {"content": tokens}


def _token(one: Any) -> Json:
    one = one if isinstance(one, dict) else {}
    token = str(one.get("token") or "")
    return {"token": token, "logprob": one.get("logProbability"), "bytes": list(token.encode(errors="replace"))}
