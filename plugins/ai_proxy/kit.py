"""The imports for authors of providers and protocols. Only this module and `ai_proxy` itself are public.

docs/adding-a-provider.md and docs/adding-a-client-protocol.md show how it is used.
"""

from proxywasm import Event
from proxywasm.config import (
    ALWAYS,
    All,
    Condition,
    Exclusive,
    Given,
    Is,
    Kind,
    NoEffect,
    Not,
    Pattern,
    Required,
    Rule,
    Table,
    key,
)

from .config.settings import Settings
from .credentials.signing.outgoing import Outgoing
from .plugin import make
from .protocols.clients import CLIENTS
from .protocols.interface import (
    ClientProtocol,
    Decoder,
    Exchange,
    FilesWanted,
    NotCounted,
    PartsWanted,
    ServiceProtocol,
    StreamWriter,
    Thinking,
    no_state,
    sse_decoder,
)
from .protocols.pivot import chat_fields, chat_parts, chat_rules, listed_models, message_content
from .protocols.pivot.chat import choice, completion
from .protocols.pivot.chat_rules import ChatRules
from .protocols.pivot.counted import Counting
from .protocols.pivot.listed_models import Model, ModelFormat
from .protocols.pivot.transcript import transcript
from .providers import ROWS
from .providers.row import (
    BEARER,
    RAW,
    Addressing,
    Auth,
    Credentials,
    Dialect,
    Endpoint,
    Original,
    OwnKey,
    Row,
    of_all_models,
)
from .wire import apis, lenient
from .wire.apis import Route
from .wire.errors import ApiError, bad_upstream, stream_cut, unsupported_api
from .wire.json import Json, dumps, loads, to_bytes

__all__ = [  # noqa: RUF022  # in groups
    # Makes the plugin from rows and client protocols. The other two are those that ai-proxy has.
    "make", "ROWS", "CLIENTS",
    # A provider: a row, its three parts, and the values of their fields. `apis` has the names of the APIs.
    "Row", "Addressing", "Credentials", "Dialect",
    "Auth", "BEARER", "RAW", "OwnKey", "Endpoint", "Outgoing", "Original", "apis",
    # What a service accepts of a chat: its own rules, or those of another one in `chat_rules`; `of_all_models(rules)`.
    "ChatRules", "chat_rules", "of_all_models",
    # Its keys in the configuration: a subclass of `Settings` with a `key` for each field, and rules about several keys.
    "Settings", "key", "Kind", "Pattern", "Table",
    "Rule", "Required", "Exclusive", "NoEffect", "Condition", "ALWAYS", "Is", "Given", "Not", "All",
    # For both kinds of protocols: the exchange, and JSON documents.
    "Exchange", "Json", "loads", "dumps", "to_bytes",
    # A protocol of model services.
    "ServiceProtocol", "Decoder", "Event", "sse_decoder", "no_state", "FilesWanted",
    "NotCounted", "PartsWanted",
    # A protocol of clients.
    "ClientProtocol", "Route", "StreamWriter", "Thinking", "Counting", "Model", "ModelFormat", "listed_models",
    # Requests of the pivot (OpenAI's chat as plain JSON): fields, contents of messages, a conversation as one text.
    "chat_fields", "message_content", "transcript",
    # Answers of the pivot: whole answers; tool calls and usage of whole answers and streams.
    "completion", "choice", "chat_parts",
    # Reads unchecked values of a service.
    "lenient",
    # Errors for clients: any error, an invalid answer of the service, a stream that ends too early, an API that the
    # service does not have.
    "ApiError", "bad_upstream", "stream_cut", "unsupported_api",
]  # fmt: skip
