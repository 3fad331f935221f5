"""What a provider is: a row of the table, and the row together with one configuration, ready to serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

from proxywasm import ConfigError, Event

from .call import Call
from .chat import ChatWriter
from .errors import ApiError
from .jsonx import Json
from .settings import Settings


class Codec(Protocol):
    """A codec module: between the pivot (the OpenAI protocol as plain JSON) and a provider's protocol, for one API.

    What a codec has to remember between the events of a stream stands in `call.state`, put there by `request`.
    """

    def request(self, call: Call, body: Json, /) -> Json:
        """The provider's request. May set `call.path`, `call.headers` and `call.state`."""

    def response(self, call: Call, answer: Json, /) -> Json:
        """The OpenAI answer. Raises `ApiError` if the answer is an error, or makes no sense."""

    def event(self, call: Call, event: Event, document: Json, writer: ChatWriter, /) -> None:
        """Write what one event of the stream says. Raises `ApiError` likewise."""

    def error(self, status: int, document: Json, /) -> ApiError | None:
        """The error that a document in the provider's own shape describes, None if it is not in that shape."""


@dataclass(frozen=True, slots=True)
class Auth:
    """The header that carries the credential."""

    header: str
    template: str


BEARER: Final = Auth("authorization", "Bearer {}")

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A model service. Differences from the plain case are quirks, each with its reason where the row stands."""

    name: str
    host: str
    paths: Mapping[str, str]
    """Upstream path by API. An API that is missing here is not supported, unless `capabilities` adds it."""
    auth: Auth = BEARER
    settings: type[Settings] = Settings
    when: tuple[str, Any] | None = None
    """The setting that selects this row, when there are several of one name."""
    codecs: Mapping[str, Codec] = field(default_factory=lambda: _NOTHING)
    """APIs whose bodies are converted; those of all others pass through, but for the model name."""
    host_setting: str = ""
    """The setting that overrides the host."""
    token_required: bool = True
    accept_for_streams: bool = True
    """Ask with `accept: text/event-stream` when the client wants a stream."""
    original_keeps_path: bool = False
    """With `protocol: original` the client's path goes upstream as it is."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A row and its settings; the same for all streams, so nothing of a stream is kept here."""

    row: Row
    settings: Settings
    host: str
    paths: Mapping[str, str]

    @classmethod
    def build(cls, row: Row, settings: Settings, path: str) -> Provider:
        """Raises `ConfigError` when the settings do not suffice for this row; `path` is where they stand."""
        if row.token_required and not settings.api_tokens:
            raise ConfigError(f"{path}.apiTokens: is required: {row.name} needs at least one token")
        settings.check(path)
        host = getattr(settings, row.host_setting) if row.host_setting else ""
        return cls(row, settings, settings.provider_domain or host or row.host, {**row.paths, **settings.capabilities})
