"""Dify's apps, which take one text: the whole conversation as a transcript. Dify may keep a conversation, too.

Source: docs.dify.ai, "Develop with APIs". `answer` has the text of an answer; a workflow has it in its outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, chat_parts, message_content
from ..pivot.chat import choice, completion
from ..pivot.transcript import transcript
from .settings import DifySettings

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_PATHS = {
    "Chat": "/v1/chat-messages",
    "Agent": "/v1/chat-messages",
    "Completion": "/v1/completion-messages",
    "Workflow": "/v1/workflows/run",
}

# Events with text. The others report progress, files or speech, or only keep the connection open. `message_replace` has
# a text with which a moderation replaces the answer; text that is already sent cannot be replaced.
_TEXT = frozenset({"message", "agent_message", "message_replace"})

# Statuses of errors in streams and workflows, which have no HTTP status.
_STATUS = {
    "invalid_param": 400,
    "app_unavailable": 400,
    "provider_not_initialize": 400,
    "model_currently_not_support": 400,
    "provider_quota_exceeded": 429,
    "completion_request_error": 502,
    "unauthorized": 401,
    "not_found": 404,
}


def request(exchange: Exchange, body: Json) -> Json:
    settings = _settings(exchange)
    exchange.path = _PATHS[settings.bot_type]
    messages = chat_fields.messages(body)
    files: list[Json] = []
    if settings.bot_type != "Workflow":  # A workflow takes files only in its own variables.
        messages, files = _files_apart(messages)
    text = transcript(messages, "Dify")
    sent: Json = {
        "inputs": {},
        "query": "",
        "response_mode": "streaming" if exchange.stream else "blocking",
        "user": lenient.text(body.get("user")) or "api-user",
        "auto_generate_name": False,
        "conversation_id": "",
    }
    if files:
        sent["files"] = files
    if settings.bot_type == "Completion":
        sent["inputs"]["query"] = text
    elif settings.bot_type == "Workflow":
        sent["inputs"][settings.input_variable] = text
    else:
        sent["query"] = text
        sent["conversation_id"] = exchange.client_headers.get("conversationid", "")
    return sent


def response(exchange: Exchange, document: Json) -> Json:
    settings = _settings(exchange)
    if (failure := error(200, document)) is not None:
        raise failure
    if settings.bot_type == "Workflow":
        data = _data(document)
        message = {"role": "assistant", "content": _output(settings, data)}
        answer = completion(
            lenient.text(data.get("workflow_id")), exchange.model, [choice(0, message, "stop")], _workflow_usage(data)
        )
        when = data.get("created_at")
    else:
        text = document.get("answer")
        if not isinstance(text, str):
            raise bad_upstream("the upstream's answer has no answer")
        message = {"role": "assistant", "content": text}
        answer = completion(_id(settings, document), exchange.model, [choice(0, message, "stop")], _usage(document))
        when = document.get("created_at")
        exchange.answer.set_headers(_conversation(settings, document))
    if lenient.count(when):
        answer["created"] = lenient.count(when)
    return answer


@dataclass(slots=True)
class State:
    """The state of one stream: whether a workflow has sent its text in pieces."""

    has_text: bool = False


def new_state(exchange: Exchange) -> State:  # noqa: ARG001
    return State()


def event(exchange: Exchange, state: State, event: Event, document: Json, writer: StreamWriter) -> None:
    settings = _settings(exchange)
    kind = lenient.text(document.get("event")) or event.event
    if kind == "ping":
        return
    if (failure := error(200, document)) is not None:
        raise failure
    if settings.bot_type != "Workflow" and _id(settings, document):
        # Also for events without text: the headers are sent with the first event.
        _begin(exchange, settings, document, writer)
    if kind in _TEXT:
        _begin(exchange, settings, document, writer)
        if text := lenient.text(document.get("answer")):
            writer.delta(0, {"role": "assistant", "content": text})
    elif kind == "message_end":
        _begin(exchange, settings, document, writer)
        writer.finish(0, "stop", delta={"role": "assistant", "content": ""}, usage=_usage(document))
    elif kind == "text_chunk" and settings.bot_type == "Workflow":
        text = lenient.text(_data(document).get("text"))
        if text:
            state.has_text = True
            writer.delta(0, {"role": "assistant", "content": text})
    elif kind == "workflow_started":
        data = _data(document)
        writer.begin(lenient.text(data.get("workflow_id")), created=data.get("created_at"))
    elif kind == "workflow_finished" and settings.bot_type == "Workflow":
        data = _data(document)
        writer.begin(lenient.text(data.get("workflow_id")), created=data.get("created_at"))
        # A workflow that streams its text has sent the whole output already.
        delta = None if state.has_text else {"role": "assistant", "content": _output(settings, data)}
        writer.finish(0, "stop", delta=delta, usage=_workflow_usage(data))


def error(status: int, document: Json) -> ApiError | None:
    """`{"code", "message", "status"}`, also as an event; a workflow reports its failure in `data`."""
    code, message = document.get("code"), document.get("message")
    data = document.get("data")
    if isinstance(code, str) and code and "answer" not in document:
        given = document.get("status")
        if status < 400:
            usable = isinstance(given, int) and 400 <= given < 600
            status = given if usable and isinstance(given, int) else _STATUS.get(code, 502)
        return ApiError(status, lenient.text(message) or code, code=code)
    if document.get("event") == "error":
        return ApiError(502 if status < 400 else status, lenient.text(message) or "unknown error")
    if document.get("event", "workflow_finished") == "workflow_finished" and isinstance(data, dict):
        outcome = data.get("status")
        if outcome in ("failed", "stopped"):
            text = lenient.text(data.get("error")) or f"the workflow has {outcome}"
            return ApiError(502 if status < 400 else status, text, code=f"workflow_{outcome}")
    return None


def _settings(exchange: Exchange) -> DifySettings:
    assert isinstance(exchange.settings, DifySettings)
    return exchange.settings


def _files_apart(messages: list[Json]) -> tuple[list[Json], list[Json]]:
    """The conversation without image addresses, and these: Dify fetches them. It accepts other images as uploads."""
    rest, files = [], []
    for message in messages:
        kept = []
        for part in message_content.parts(message.get("content")):
            url = message_content.url_of(part) if part.get("type") == "image_url" else ""
            if url.startswith(("https://", "http://")):
                files.append({"type": "image", "transfer_method": "remote_url", "url": url})
            else:
                kept.append(part)
        rest.append({**message, "content": kept})
    return rest, files


def _begin(exchange: Exchange, settings: DifySettings, document: Json, writer: StreamWriter) -> None:
    if writer.begun:
        return
    writer.begin(_id(settings, document), created=document.get("created_at"))
    exchange.answer.set_headers(_conversation(settings, document))


def _id(settings: DifySettings, document: Json) -> str:
    return lenient.text(document.get("message_id" if settings.bot_type == "Completion" else "conversation_id"))


def _conversation(settings: DifySettings, document: Json) -> dict[str, str]:
    """The header with which a client continues a conversation that Dify keeps."""
    identity = lenient.header(document.get("conversation_id"))
    return {"conversationid": identity} if identity and settings.bot_type in {"Chat", "Agent"} else {}


def _data(document: Json) -> Json:
    data = document.get("data")
    if not isinstance(data, dict):
        raise bad_upstream("the upstream's answer has no data")
    return data


def _output(settings: DifySettings, data: Json) -> str:
    outputs = data.get("outputs")
    if not isinstance(outputs, dict) or settings.output_variable not in outputs:
        raise bad_upstream(f"the workflow has no output {settings.output_variable!r}")
    return lenient.json_text(outputs[settings.output_variable])


def _usage(document: Json) -> Json | None:
    metadata = document.get("metadata")
    usage = metadata.get("usage") if isinstance(metadata, dict) else None
    if not isinstance(usage, dict):
        return None
    return chat_parts.usage(usage.get("prompt_tokens"), usage.get("completion_tokens"), usage.get("total_tokens"))


def _workflow_usage(data: Json) -> Any:
    """The usage of a workflow, which has only the total: what of it is the prompt's is not known."""
    total = data.get("total_tokens")
    return chat_parts.usage(0, 0, total) if isinstance(total, (int, float)) else None
