"""Parameters of a client reach each service that has an equivalent, including zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy.conversions import PROVIDERS, convert
from tests.ai_proxy.converting import SAMPLES, TOOL
from tests.ai_proxy.gateway import CHAT, STREAM, Json, ask
from tests.ai_proxy.sample import Place, listed, same

from ai_proxy.providers import ROWS
from ai_proxy.wire import apis
from ai_proxy_docs import parameters

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.sampled_from([0, 0.0, 0.7, 1, 2]),
    "top_p": st.sampled_from([0, 0.3, 1]),
    "top_k": st.integers(0, 50),
    "n": st.integers(1, 4),
    "seed": st.integers(0, 2**31),
    "presence_penalty": st.sampled_from([-2, -0.5, 0, 0.0, 1]),
    "frequency_penalty": st.sampled_from([-2, -0.5, 0, 0.0, 1]),
    "max_tokens": st.integers(0, 5000),
    "max_completion_tokens": st.integers(0, 5000) | st.just(100.0),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "stop": st.sampled_from(["x", ["x"], ["x", "y"]]),
    "user": st.just("u-1"),
    "metadata": st.just({"team": "a"}),
    "service_tier": st.just("default"),
    "logit_bias": st.just({"50256": -100}),
    "parallel_tool_calls": st.booleans(),
    "enable_enhancement": st.booleans(),
    "source_lang": st.just("EN"),
}
"""OpenAI's parameters, and parameters of single services."""


def keeps_fields(name: str) -> bool:
    """Whether the service has OpenAI's fields, which are not converted."""
    return name == "qwen" or (name in SAMPLES and SAMPLES[name].keeps_fields)


def within(value: float) -> float:
    """DashScope refuses the ends of the range."""
    return min(max(value, 0.000001), 0.999999)


def at_most_one(value: float) -> float:
    """Claude's temperatures end at 1."""
    return min(value, 1)


GOOGLE: dict[str, Place] = {
    name: (f"generationConfig.{theirs}", {"stop": listed}.get(name, same))
    for name, theirs in {
        "temperature": "temperature", "top_p": "topP", "top_k": "topK", "n": "candidateCount", "seed": "seed",
        "presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty", "limit": "maxOutputTokens",
        "logprobs": "responseLogprobs", "top_logprobs": "logprobs", "stop": "stopSequences",
    }.items()
}  # fmt: skip
CLAUDE: dict[str, Place] = {
    "temperature": ("temperature", at_most_one), "top_p": ("top_p", same), "top_k": ("top_k", same),
    # Anthropic requires a limit.
    "limit": ("max_tokens", lambda limit: limit or 4096), "stop": ("stop_sequences", listed),
    "user": ("metadata.user_id", same),
    "service_tier": ("service_tier", lambda _: "standard_only"),
}  # fmt: skip
QWEN = {*FIELDS} - {"max_tokens", "max_completion_tokens", "user", "metadata", "service_tier", "top_p"}
PLACES: dict[str, Mapping[str, Place]] = {
    "claude": CLAUDE,
    "vertex-claude": CLAUDE,
    "gemini": GOOGLE,
    "vertex": GOOGLE,
    "bedrock": {
        "temperature": ("inferenceConfig.temperature", at_most_one), "top_p": ("inferenceConfig.topP", same),
        "top_k": ("additionalModelRequestFields.top_k", same), "limit": ("inferenceConfig.maxTokens", same),
        "stop": ("inferenceConfig.stopSequences", listed), "metadata": ("requestMetadata", same),
        "service_tier": ("serviceTier.type", same),
    },
    **{name: sample.parameters for name, sample in SAMPLES.items()},
    "qwen": {
        **{name: (f"parameters.{name}", same) for name in QWEN},
        "top_p": ("parameters.top_p", within), "limit": ("parameters.max_tokens", same),
    },
}  # fmt: skip
"""Where a service has it, and what becomes of the value; `limit` is the limit under either of its names."""


def at(document: Any, place: str) -> Any:
    for name in place.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


@pytest.mark.parametrize("name", PROVIDERS)
@settings(max_examples=25)
@given(fields=st.fixed_dictionaries({}, optional=FIELDS))
def test_every_parameter_arrives_where_the_service_has_it(name: str, fields: Json) -> None:
    # Nothing is said of parallel calls without tools.
    tools = {"tools": [TOOL]} if "parallel_tool_calls" in fields else {}
    sent = convert(name, {**CHAT, **fields, **tools})
    limit = fields.get("max_completion_tokens", fields.get("max_tokens"))
    wanted = fields if limit is None else {**fields, "limit": limit}
    places = PLACES[name]
    got = {field: at(sent, place) for field, (place, _) in places.items() if field in wanted}
    assert got == {field: become(wanted[field]) for field, (_, become) in places.items() if field in wanted}


@pytest.mark.parametrize("row", [row for row in ROWS if apis.CHAT in row.dialect.protocols], ids=lambda row: row.name)
def test_the_documented_lost_parameters_are_those_without_an_equivalent(row: Any) -> None:
    places = PLACES[row.name]
    known = {"max_completion_tokens" if field == "limit" else field for field in places}
    sent_parameters = {*parameters.SAMPLES} - {*parameters.lost(row)}
    assert sent_parameters & {*FIELDS} == known & {*parameters.SAMPLES} | ({"parallel_tool_calls"} & sent_parameters)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("stream", [CHAT, STREAM], ids=["whole", "stream"])
def test_a_single_text_stops_as_a_list_of_one_does(stream: Json) -> None:
    for name, (config, model) in PROVIDERS.items():
        mapped = {**config, "modelMapping": {"*": model}}
        text, listing = (ask(mapped, {**stream, "stop": stop}) for stop in ("x", ["x"]))
        if keeps_fields(name):
            continue
        assert text.sent == listing.sent


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_empty_stop_is_not_sent(name: str) -> None:
    if not keeps_fields(name):
        assert convert(name, {**CHAT, "stop": ""}) == convert(name, CHAT)
