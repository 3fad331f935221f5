"""The table of profiles: which family a name belongs to, and what its rows have to say."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from ai_proxy.profiles import efforts
from ai_proxy.profiles.facts import EFFORTS, UNKNOWN, Profile, Source
from ai_proxy.profiles.resolution import FAMILIES, VENDORS, Profiles, known_family, profile_of
from ai_proxy.profiles.services import SERVICES, service_of

NAMES = {
    "claude-opus-4-7": "claude-4.7", "us.anthropic.claude-opus-4-7": "claude-4.7", "claude-opus-4-8": "claude-4.7",
    "anthropic/claude-4.7-opus": "claude-4.7", "claude-opus-4-1-20250805": "claude-4.1",
    "us.anthropic.claude-sonnet-4-5-v1:0": "claude-4.5", "anthropic/claude-sonnet-4.5": "claude-4.5",
    "claude-sonnet-4@20250514": "claude-sonnet-4", "claude-3-7-sonnet-20250219": "claude-sonnet-4",
    "claude-opus-4-20250514": "claude-4", "anthropic/claude-4-opus": "claude-4",
    "anthropic.claude-3-5-sonnet-20240620-v1:0": "claude-3", "claude-instant-1.2": "claude-3",
    "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1": "claude-4.6",
    "claude-opus-5": "claude-5", "claude-sonnet-5-5": "claude-sonnet-5.5", "claude-haiku-5-5": "claude-haiku-5.5",
    "gemini-2.0-flash": "gemini-2.0", "models/gemini-2.5-pro": "gemini-2.5-pro",
    "gemini-2.5-flash-lite-preview": "gemini-2.5-flash-lite", "gemini-3-pro-preview": "gemini-3-pro",
    "gemini-3.1-pro-preview": "gemini-3.1-pro", "gemini-3.6-flash": "gemini-3.6-flash",
    "gemini-3.5-flash-lite": "gemini-3.6-flash", "gemini-3.5-flash": "gemini-3-flash", "gemini-3.7-flash": "gemini-3.8",
    "gemini-4-argon": "gemini-3.8", "gemini-3.1-flash-image": "gemini-3.1-flash-image",
    "gemini-3.1-flash-lite-image": "gemini-3.1-flash-image", "gemini-3-pro-image-preview": "gemini-3-image",
    "gemini-pro": "gemini-1",
    "gpt-5": "gpt-5", "gpt-5-2025-08-07": "gpt-5", "gpt-5.1": "gpt-5.1", "gpt-5.4-pro": "gpt-5.2-pro",
    "gpt-5.5-2026-04-23": "gpt-5.5", "gpt-5.6-sol": "gpt-5.6", "gpt-5.4-mini": "gpt-5.4", "gpt-5.3-codex": "gpt-5.2",
    "gpt-5.2-codex": "gpt-5-codex-max",
    "gpt-6-sol": "gpt-6", "gpt-6.1-terra": "gpt-6", "gpt-6.1-sol": "gpt-6-astra", "gpt-6.2-sol": "gpt-6-astra",
    "gpt-6.2-astra": "gpt-6-astra", "gpt-6.1-terra-pro": "gpt-6-astra",
    "chat-latest": "gpt-5.1-chat", "gpt-5.5-pro": "gpt-5.2-pro",
    "gpt-5-chat-latest": "gpt-5-chat", "gpt-4o-2024-08-06": "gpt-4", "gpt-35-turbo": "gpt-4",
    "openai/o4-mini": "o-series", "o3-2025-04-16": "o-series", "o3-pro": "o-series", "o3-mini": "o3-mini",
    "o3-mini-2025-01-31": "o3-mini", "o1": "o3-mini", "o1-pro": "o3-mini",
    "openai.gpt-oss-120b-1:0": "gpt-oss", "kimi-k2.6": "kimi-k2.5", "moonshotai/kimi-k2-0905": "kimi-k2",
    "glm-4.6": "glm-4.5", "glm-4-plus": "glm-4", "deepseek-chat": "deepseek-v3", "deepseek-v4-pro": "deepseek-v4",
    "qwen3-32b": "qwen3", "qwen2.5-vl-7b": "qwen-vl", "doubao-seed-1.6": "doubao-seed", "MiniMax-M2.5": "minimax-m2",
    "MiniMax-M3": "minimax-m3", "MiniMax-M3.1-Flash": "minimax-m3.1",
    "qwen3-max": "qwen3", "qwen-plus": "qwen3", "qwen3.5-plus": "qwen3.5", "qwen3.6-flash-2026-04-16": "qwen3.5",
    "qwen3.5-397b-a17b": "qwen3.5", "qwen3.7-max": "qwen3", "qwen-deep-research": "qwen3", "qwen-7b-chat": "qwen2.5",
    "qwen-1.8b-chat": "qwen2.5", "qwen-3-235b-a22b": "qwen3", "qwen3.8-max": "qwen3.8", "qwen4-max": "qwen3.8",
    "mistral-large-latest": "mistral-3", "command-a-reasoning-08-2025": "command-a-reasoning",
    "command-a-plus-05-2026": "command-a-reasoning", "command-a-03-2025": "command", "command-r7b-12-2024": "command",
    "cohere.command-r-plus-v1:0": "command", "north-small-translate-1-0": "command", "grok-4.3": "grok-4.3",
    "grok-4-0709": "grok-4.3", "grok-4.5": "grok-4.5", "grok-4.7": "grok-4.7", "grok-4.20": "grok-4",
    "grok-4.20-non-reasoning": "grok-3", "grok-4.20-multi-agent": "grok-4-multi-agent", "grok-code-fast-1": "grok-4",
    "mistral-medium-2604": "mistral-4", "mistral-medium-2505": "mistral-3", "mistral-large-4-0": "mistral-large-4",
    "mistral-medium-latest": "mistral-4", "magistral-small-latest": "mistral-4", "magistral-small-2509": "magistral",
    "claude-fable-5": "claude-fable-5", "claude-mythos-5-1": "claude-opus-5.5", "kimi-k3.1-pro": "kimi-k3",
    "amazon.titan-embed-text-v2:0": "titan-embed", "cohere.embed-english-v3": "cohere-embed-3",
    "us.amazon.nova-2-lite-v1:0": "nova-2",
}  # fmt: skip


@pytest.mark.parametrize(("name", "family"), NAMES.items())
def test_a_name_belongs_to_one_family(name: str, family: str) -> None:
    assert profile_of(name).family == family


@pytest.mark.parametrize(
    ("name", "vendor"),
    [("claude-opus-7", "claude"), ("claude-x", "claude"), ("gemini-9-pro", "gemini"), ("gpt-12", "openai"),
     ("kimi-k9", "kimi"), ("glm-9", "glm"), ("command-b", "cohere"), ("MiniMax-M5", "minimax"), ("qwen9-plus", "qwen"),
     ("grok-9", "grok"), ("deepseek-next", "deepseek")],
)  # fmt: skip
def test_an_unknown_model_is_of_its_vendors_newest_family(name: str, vendor: str) -> None:
    newest = next(one.newest for one in VENDORS if one.name == vendor)
    assert profile_of(name) in {newest, FAMILIES["deepseek-v3"]}
    assert known_family(name) in {None, newest, FAMILIES["deepseek-v3"]}


def test_a_name_that_says_nothing_is_the_newest_of_a_service_with_one_vendor_and_otherwise_unknown() -> None:
    claude = next(one for one in VENDORS if one.name == "claude")
    assert profile_of("my-model", service_of("claude")) is claude.newest
    assert profile_of("gpt-4o", service_of("claude")) is UNKNOWN
    assert profile_of("my-model", service_of("openai")) is UNKNOWN
    assert profile_of("my-model") is UNKNOWN


@pytest.mark.parametrize("profile", FAMILIES.values(), ids=lambda profile: profile.family)
def test_each_fact_that_is_not_the_default_has_a_source(profile: Profile) -> None:
    about = {"family", "vendor", "models", "sources"}
    stated = {
        one.name for one in fields(Profile) if one.name not in about
        and getattr(profile, one.name) != getattr(UNKNOWN, one.name)
    }  # fmt: skip
    sourced = {name for source in profile.sources for name in source.facts.split()}
    assert stated - sourced == set()
    assert sourced <= {one.name for one in fields(Profile)}


SOURCES = [*(profile.sources for profile in FAMILIES.values()), *(service.sources for service in SERVICES.values())]


@pytest.mark.parametrize(
    "source",
    [source for sources in SOURCES for source in sources],
    ids=lambda source: source.facts,
)
def test_a_source_has_a_date_and_a_page_unless_it_says_what_it_rests_on(source: Source) -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", source.date)
    assert source.url.startswith("https://") or source.rests_on


@pytest.mark.parametrize("profile", FAMILIES.values(), ids=lambda profile: profile.family)
def test_more_effort_never_becomes_less(profile: Profile) -> None:
    places = [EFFORTS.index(profile.effort(wanted)) for wanted in EFFORTS]
    assert all(lower <= higher for lower, higher in pairwise(places))
    budgets = [efforts.within(profile, efforts.budget_of(wanted)) for wanted in EFFORTS]
    assert all(lower <= higher for lower, higher in pairwise(budgets))
    assert list(profile.efforts) == sorted(profile.efforts, key=EFFORTS.index)


def test_names_are_looked_up_once_and_few_are_kept() -> None:
    profiles = Profiles("openai")
    assert profiles.of("gpt-5") is profiles.of("gpt-5")
    for number in range(1000):
        profiles.of(f"m{number}")
    assert len(profiles._known) <= 256  # clients choose the names, so this must not grow


def test_only_profiles_look_into_names_of_models() -> None:
    plugin = Path(__file__).parents[3] / "plugins" / "ai_proxy"
    looks = re.compile(
        r'exchange\.model(\.startswith|\.endswith| == ")|["\w] in exchange\.model|match\(exchange\.model'
    )
    found = [
        str(path) for path in plugin.rglob("*.py") if "profiles" not in path.parts and looks.search(path.read_text())
    ]
    assert found == []
