"""OpenAI chat for clients. The pivot is the same protocol, so documents are not converted.

Source: OpenAI API reference, "Chat".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ...wire import apis as api_names
from ...wire.apis import Route
from ...wire.errors import ApiError, unsupported_api
from ...wire.json import Json
from ..exchange import Exchange, Thinking
from ..pivot import listed_models
from ..pivot.chat import ChatWriter
from ..stream_writer import StreamWriter

chat_api: Final = api_names.CHAT
apis: Final = frozenset(
    api for api in api_names.ALL.difference({api_names.RESPONSES}, api_names.OF_RESPONSES) if api.startswith("openai/")
)
paths: Final[Mapping[str, str]] = MappingProxyType({})
is_pivot: Final = True
has_openai_errors: Final = True
keeps_signatures: Final = False
request_id_header: Final = "x-request-id"
dropped_query: Final[frozenset[str]] = frozenset()
dropped: Final[Mapping[str, str]] = MappingProxyType({})
counting: Final = None
models: Final = listed_models.OPENAI


def thinking(body: Json) -> Thinking | None:  # noqa: ARG001
    """None: `reasoning_effort` is an amount, not a switch."""
    return None


def request(
    exchange: Exchange,  # noqa: ARG001
    body: Json,
    *,
    allow_extensions: bool,  # noqa: ARG001
    accepts_signed_thinking: bool,  # noqa: ARG001
) -> Json:
    return body


def response(exchange: Exchange, answer: Json) -> Json:  # noqa: ARG001
    return answer


def new_writer(exchange: Exchange) -> StreamWriter:
    return ChatWriter(
        exchange.model,
        choices=exchange.choices,
        wants_usage=exchange.wants_usage is not False,
        usage_choice=exchange.expected.usage_choice,
        scrubber=exchange.secrets.scrubber,
    )


def error(error: ApiError) -> Json:
    return error.document()


def unsupported(route: Route) -> ApiError:  # noqa: ARG001
    return unsupported_api()
