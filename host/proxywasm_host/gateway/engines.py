"""Which engine has which key of a gateway file. What an engine lacks, it refuses; see `docs/gateway-file.md`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .document import Place, Problem

Engine: TypeAlias = Literal["serve", "envoy"]
"""The command that runs the file."""


@dataclass(frozen=True, slots=True)
class NotIn:
    """Marks a key that one engine does not have."""

    engine: Engine
    instead: str
    """What its user can do."""


class Key(NamedTuple):
    """A key, as the documentation lists it."""

    name: str
    """With the keys that lead to it: `routes.*.match.path`."""
    about: str
    default: str
    lacking: tuple[NotIn, ...]

    def works_in(self, engine: Engine) -> bool:
        return all(each.engine != engine for each in self.lacking)


def keys_of(model: type[BaseModel], prefix: str = "", inherited: tuple[NotIn, ...] = ()) -> Iterator[Key]:
    """All keys of a model and its parts, in their order. What an engine lacks, it lacks with all its parts."""
    for name, field in model.model_fields.items():
        lacking = inherited + _lacking(field)
        yield Key(f"{prefix}{name}", " ".join((field.description or "").split()), _default(field), lacking)
        for part, step in _parts(field.annotation):
            yield from keys_of(part, f"{prefix}{name}.{step}", lacking)


def models_of(model: type[BaseModel], place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """The model and all its parts, by the keys that lead to them; `*` stands for a name or an index."""
    yield place, model
    for name, field in model.model_fields.items():
        for part, step in _parts(field.annotation):
            yield from models_of(part, (*place, name, *filter(None, step.split("."))))


def refusals(value: object, engine: Engine, place: Place = ()) -> Iterator[Problem]:
    """What a file says that an engine has no such thing for. The lines are looked up later, by the places."""
    if isinstance(value, BaseModel):
        for name in value.model_fields_set:
            field = type(value).model_fields[name]
            given = getattr(value, name)
            if given == field.get_default(call_default_factory=True, validated_data={}):
                continue
            for missing in _lacking(field):
                if missing.engine == engine:
                    yield Problem(0, (*place, name), f"`proxywasm {engine}` has no such thing: {missing.instead}")
            yield from refusals(given, engine, (*place, name))
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from refusals(each, engine, (*place, index))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from refusals(each, engine, (*place, name))


def _lacking(field: FieldInfo) -> tuple[NotIn, ...]:
    return tuple(each for each in field.metadata if isinstance(each, NotIn))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ((), {}) or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int) and value and value % 1024 == 0:
        return f"{value // 2**20}MiB" if value % 2**20 == 0 else f"{value // 1024}KiB"
    return str(value)


def _parts(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """The models in a type, and what stands between its key and theirs."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    many = "*." if origin in (tuple, dict) else ""
    for inner in arguments[:1] if origin is Annotated else arguments:
        for part, step in _parts(inner):
            yield part, many + step
