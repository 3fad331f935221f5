"""What authors of providers and protocols import: the only public module of ai-proxy beside `ai_proxy` itself.

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
    ServiceProtocol,
    StreamWriter,
    Thinking,
    no_state,
    sse_decoder,
)
from .protocols.pivot import chat_fields, chat_parts, message_content
from .protocols.pivot.chat import choice, completion
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
)
from .wire import apis, lenient
from .wire.errors import ApiError, bad_upstream, stream_cut
from .wire.json import Json, dumps, loads, to_bytes

__all__ = [  # noqa: RUF022  # in groups
    # The plugin, made of rows and of client protocols; and what ai-proxy has of both.
    "make", "ROWS", "CLIENTS",
    # A provider: a row, its three parts, and what their fields take. `apis` has the names of the APIs.
    "Row", "Addressing", "Credentials", "Dialect",
    "Auth", "BEARER", "RAW", "OwnKey", "Endpoint", "Outgoing", "Original", "apis",
    # Its keys in the configuration: a dataclass below `Settings`, each field a `key`; and rules about several of them.
    "Settings", "key", "Kind", "Pattern", "Table",
    "Rule", "Required", "Exclusive", "NoEffect", "Condition", "ALWAYS", "Is", "Given", "Not", "All",
    # What both kinds of protocols get: the exchange, and documents as they go over the wire.
    "Exchange", "Json", "loads", "dumps", "to_bytes",
    # A protocol that a model service speaks.
    "ServiceProtocol", "Decoder", "Event", "sse_decoder", "no_state", "FilesWanted",
    # A protocol that clients speak.
    "ClientProtocol", "StreamWriter", "Thinking",
    # Requests of the pivot, which is OpenAI's chat as plain JSON: fields, contents of messages, all of it as one text.
    "chat_fields", "message_content", "transcript",
    # Answers of the pivot: whole ones, and tool calls and usage for these and for streams.
    "completion", "choice", "chat_parts",
    # Values of a service that may be of any type.
    "lenient",
    # Errors: any that the client is told, an answer that makes no sense, a stream that ends too early.
    "ApiError", "bad_upstream", "stream_cut",
]  # fmt: skip
