"""Models for clients: their names and what is known of them, whatever the client's protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from ...config.settings import Settings
from ...config.settings.models import ModelOverrides
from ...profiles.facts import UNKNOWN, Profile
from ...profiles.resolution import Profiles
from ...wire import lenient
from ...wire.json import Json


class Model(NamedTuple):
    """A model that clients can ask for."""

    id: str
    created: int = 0
    """Unix time; 0: not known."""
    owner: str = ""
    profile: Profile = UNKNOWN
    document: Json | None = None
    """The service's own object for it, in OpenAI's format."""


class ModelFormat(NamedTuple):
    """How a client protocol lists models."""

    many: Callable[[Sequence[Model], str], Json]
    """A list; the text is the query of the request."""
    one: Callable[[Model], Json]


def mapped(settings: Settings, names: Sequence[str]) -> list[Model]:
    """These names of the configuration's model mapping."""
    overrides = ModelOverrides(settings.model_family, settings.model_facts)
    profiles = Profiles(settings.type, overrides)
    mapping = settings.model_mapping
    return [Model(name, 0, settings.type, profiles.of(mapping.of(name))) for name in names]


def beside_others(settings: Settings) -> list[Model]:
    """The mapped names that a list of the service gets."""
    return mapped(settings, settings.model_mapping.names) if settings.list_mapped_models else []


def capabilities(profile: Profile) -> Json:
    """What the profile of a model knows, for clients of OpenAI's protocol; they ignore what they do not know."""
    found: Json = {}
    if profile is not UNKNOWN:
        found["capabilities"] = {
            "thinking": profile.thinking.name.lower(),
            "efforts": list(profile.efforts),
            "structured_outputs": profile.structured_outputs,
            "forced_tools": profile.forced_tools,
        }
    if profile.most_output:
        found["max_output_tokens"] = profile.most_output
    return found


def _one(model: Model) -> Json:
    if model.document is not None:
        return model.document
    head = {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owner}
    return {**head, **capabilities(model.profile)}


def _many(models: Sequence[Model], query: str) -> Json:  # noqa: ARG001  # OpenAI's list has no pages.
    return {"object": "list", "data": [_one(model) for model in models]}


OPENAI: Final = ModelFormat(_many, _one)


def from_openai(document: Any) -> Model:
    """A model of a list in OpenAI's format."""
    document = lenient.mapping(document)
    created = document.get("created")
    return Model(
        lenient.text(document.get("id")),
        created if type(created) is int and created > 0 else 0,
        lenient.text(document.get("owned_by")),
        document=document,
    )
