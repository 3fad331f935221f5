"""`modelFamily` and `modelFacts`: what the configuration says of models whose names do not say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar

from proxywasm.config import Invalid, Naming, did_you_mean, key

from ...profiles.facts import EFFORTS, Profile, Reasoning, Sampling, Thinking
from ...profiles.resolution import FAMILIES, known_family

Value = TypeVar("Value")

THINKING: Final = MappingProxyType({kind.name.lower(): kind for kind in Thinking if kind is not Thinking.UNKNOWN})
SAMPLING: Final = MappingProxyType(
    {"both": Sampling.ALL, "one": Sampling.ONE, "unlessThinking": Sampling.WITHOUT_THINKING, "none": Sampling.REFUSED}
)
REASONING: Final = MappingProxyType({kind.name.lower(): kind for kind in Reasoning})

_fact: Final = partial(key, essential=True)
"""The original does not have these keys, so wrong values of them are refused."""


def in_order(given: tuple[str, ...]) -> tuple[str, ...]:
    """Efforts in the order of the scale."""
    return tuple(sorted(given, key=EFFORTS.index))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """Facts about one model. Those that are not given are the family's."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    thinking: str | None = _fact("how requests ask for thinking", default=None, choices=tuple(THINKING))
    efforts: tuple[str, ...] | None = _fact(
        "the efforts or thinking levels that the model knows",
        tuple[str, ...],
        default=None,
        names=EFFORTS,
        convert=in_order,
    )
    off: str | None = _fact(
        "the `thinking.type` that switches thinking off", default=None, choices=("disabled", "between_tools")
    )
    always_thinks: bool | None = _fact("thinking cannot be switched off", default=None)
    least_budget: int | None = _fact("the smallest budget for thinking", default=None, minimum=0, unit="tokens")
    most_budget: int | None = _fact("the largest budget for thinking", default=None, minimum=0, unit="tokens")
    most_output: int | None = _fact("the most tokens of an answer", default=None, minimum=0, unit="tokens")
    sampling: str | None = _fact(
        "which of `temperature` and `top_p` are accepted", default=None, choices=tuple(SAMPLING)
    )
    limit_name: str | None = _fact(
        "the name of the limit of tokens", default=None, choices=("max_tokens", "max_completion_tokens")
    )
    structured_outputs: bool | None = _fact("answers can follow a JSON Schema", default=None)
    forced_tools: bool | None = _fact("requests may force a tool call", default=None)
    chat_tools_with_thinking: bool | None = _fact(
        "OpenAI and Azure take function tools in Chat Completions while the model thinks", default=None
    )
    reasoning: str | None = _fact("whether the model reads earlier reasoning", default=None, choices=tuple(REASONING))
    call_signatures: bool | None = _fact("tool calls have signatures that the model wants back", default=None)

    def given(self) -> dict[str, Any]:
        """The facts that are given, as fields of a profile."""
        words = {one.name: getattr(self, one.name) for one in fields(self)}
        facts = {name: value for name, value in words.items() if value is not None}
        for name, meanings in (("thinking", THINKING), ("sampling", SAMPLING), ("reasoning", REASONING)):
            if name in facts:
                facts[name] = meanings[facts[name]]
        return facts


class ByModel(Mapping[str, Value]):
    """Values by model name: exact names, then prefixes `name*` (the longest first), then `*`."""

    def __init__(self, table: Mapping[str, Value]) -> None:
        self._table = dict(table)
        prefixes = [(name[:-1], value) for name, value in table.items() if name.endswith("*")]
        self._prefixes = sorted(prefixes, key=lambda item: -len(item[0]))

    def of(self, model: str) -> Value | None:
        """The value for a model."""
        found = self._table.get(model)
        if found is not None:
            return found
        return next((value for prefix, value in self._prefixes if model.startswith(prefix)), None)

    def __getitem__(self, name: str) -> Value:
        return self._table[name]

    def __iter__(self) -> Any:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def families(table: dict[str, str]) -> ByModel[Profile]:
    """The families that the configuration names, by model. Raises `Invalid` for one that does not exist."""
    found: dict[str, Profile] = {}
    for model, name in table.items():
        family = known_family(name)
        if family is None:
            hint = did_you_mean(name, FAMILIES) or f"; known are: {', '.join(FAMILIES)}"
            raise Invalid(f'unknown family "{name}"{hint}', f".{model}")
        found[model] = family
    return ByModel(found)


@dataclass(frozen=True, slots=True)
class ModelOverrides:
    """What the configuration of one provider says of its models."""

    model_family: ByModel[Profile]
    model_facts: ByModel[ModelFacts]

    def family(self, model: str) -> Profile | None:
        return self.model_family.of(model)

    def changed(self, model: str, profile: Profile) -> Profile:
        facts = self.model_facts.of(model)
        return profile if facts is None else replace(profile, **facts.given())
