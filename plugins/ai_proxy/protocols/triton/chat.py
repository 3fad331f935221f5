"""NVIDIA Triton's "generate" extension, as its backends for language models implement it.

Source: Triton Inference Server, protocol extension "generate". It takes one text; a conversation becomes a transcript,
because only the server knows the template of its model. A stream ends with the connection, without a last event.
"""

from __future__ import annotations

from typing import Any, Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ...wire.paths import segment
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, message_content
from ..pivot.chat import choice, completion
from ..pivot.transcript import transcript
from .settings import TritonSettings

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

# Parameters of the backends for vLLM and TensorRT-LLM: those that OpenAI has, too, and their own.
_PARAMETERS = (
    "temperature", "top_p", "top_k", "max_tokens", "seed", "presence_penalty", "frequency_penalty",
    "min_p", "min_tokens", "repetition_penalty", "length_penalty", "ignore_eos", "skip_special_tokens",
)  # fmt: skip


def request(exchange: Exchange, body: Json) -> Json:
    settings = exchange.settings
    assert isinstance(settings, TritonSettings)
    version = settings.triton_model_version
    place = f"/versions/{segment(version, 'tritonModelVersion')}" if version else ""
    exchange.path = (
        f"/v2/models/{segment(exchange.model, 'model')}{place}/generate{'_stream' if exchange.stream else ''}"
    )
    parameters: Json = {"stream": exchange.stream}
    parameters |= {name: body[name] for name in _PARAMETERS if body.get(name) is not None}
    if (limit := chat_fields.max_tokens(body)) is not None:
        parameters["max_tokens"] = limit
    if stop := chat_fields.stops(body):
        parameters["stop"] = stop
    return {"text_input": _prompt(chat_fields.messages(body)), "parameters": parameters}


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    message = {"role": "assistant", "content": _text(document)}
    model = lenient.text(document.get("model_name")) or exchange.model
    return completion(lenient.text(document.get("id")), model, [choice(0, message, "stop")], None)


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    writer.begin(lenient.text(document.get("id")), model=document.get("model_name"))
    writer.may_end = True
    writer.delta(0, {"role": "assistant", "content": _text(document)})


def error(status: int, document: Json) -> ApiError | None:
    """`{"error": "text"}`."""
    message = lenient.text(document.get("error"))
    return ApiError(status if status >= 400 else 502, message) if message else None


def _text(document: Json) -> str:
    text: Any = document.get("text_output")
    if not isinstance(text, str):
        raise bad_upstream("the upstream's answer has no text_output")
    return text


def _prompt(messages: list[Json]) -> str:
    """The text of a single message, or a transcript of the conversation."""
    if len(messages) == 1:
        return message_content.text_only(messages[0].get("content"), "Triton")
    return transcript(messages, "Triton")
