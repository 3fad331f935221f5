"""docs/models.md: what model families and services accept, from the profiles."""

from __future__ import annotations

from typing import Final

from ai_proxy.profiles.facts import MOST_TEMPERATURE, Embedding, Profile, Sampling, Source, Thinking, Vendor
from ai_proxy.profiles.resolution import VENDORS
from ai_proxy.profiles.services import SERVICES, Service

_HEAD: Final = """\
# Models

For operators who want to know what requests to a model look like, or whose models have names that do not tell. Which
rules apply to a request depends on the model: what a client asks for is said as the model's generation takes it, and
left out where the model refuses it (the log says so at the level `debug`). This page is generated from
`plugins/ai_proxy/profiles`; each fact has its source.

- The family is found by the service's name of the model, after `modelMapping`, without regard to a vendor in front, a
  region, a date or a version of a cloud: `us.anthropic.claude-opus-4-1-20250805-v1:0` is `claude-4.1`.
- A name that only says the vendor is of the newest family, which is marked. A name that says nothing has no rules:
  requests say what the client says. At services with the models of one vendor it is that vendor's newest family.
- Facts that are **unverified** rest on what the column of sources says; nobody has read them in the current
  documentation.

## Saying it in the configuration

`modelFamily` says of which family a model is, for deployments and ARNs; instead of a family it may name a model of
it. `modelFacts` overrides single facts. Both are keyed by the service's name of the model: an exact name, a prefix
`name*`, or `*`.

```json
{
  "provider": {
    "type": "azure",
    "apiTokens": ["..."],
    "azureServiceUrl": "https://my-resource.openai.azure.com/?api-version=2024-10-21",
    "modelFamily": {"my-deployment": "gpt-5", "claude-*": "claude-4.6"},
    "modelFacts": {"my-deployment": {"efforts": ["low", "high"], "sampling": "both"}}
  }
}
```

The keys of `modelFacts` are in [providers.md](providers.md).

## Efforts

`reasoning_effort`, and the `thinking` and `output_config.effort` of Anthropic's clients, are one scale: none,
minimal, low, medium, high, xhigh, max. A model gets the least of its own efforts that is not below the wanted one,
otherwise its highest; so more never thinks less. Models with budgets get 1024 tokens for minimal and low, 8192 for
medium (4096 at Bedrock and Google), 16384 for high, 24576 for xhigh and 32768 for max, within their bounds.
"""

_COLUMNS: Final = (
    "family", "thinking", "efforts", "off", "sampling", "structured outputs", "forced tools", "earlier reasoning",
    "else",
)  # fmt: skip


def page() -> str:
    parts = [_HEAD, *map(_vendor, VENDORS), _services()]
    return "\n".join(parts)


def _vendor(vendor: Vendor) -> str:
    rows = [_row(_cells(profile, newest=profile is vendor.newest)) for profile in vendor.families]
    sources = [line for profile in vendor.families for line in _sources(profile.family, profile.sources)]
    return "\n".join(
        [f"## {vendor.title}\n", _row(_COLUMNS), _row(["---"] * len(_COLUMNS)), *rows, "", *_source_table(sources), ""]
    )


def _cells(profile: Profile, *, newest: bool) -> list[str]:
    return [
        f"`{profile.family}`{' (newest)' if newest else ''}",
        _thinking(profile),
        ", ".join(profile.efforts) or "-",
        _off(profile),
        "-" if profile.embedding is not Embedding.NONE else profile.sampling.value,
        _of_chats(profile, profile.structured_outputs),
        _of_chats(profile, profile.forced_tools),
        profile.reasoning.value,
        "; ".join(_others(profile)) or "-",
    ]


def _thinking(profile: Profile) -> str:
    least, most = profile.least_budget, profile.most_budget
    bounds = f" ({least} to {most})" if most else f" (from {least})" if least else ""
    text = profile.thinking.value + (bounds if profile.thinking is Thinking.BUDGET else "")
    return f"{text}; by default" if profile.thinks_by_default and profile.thinking is not Thinking.ALWAYS else text


def _of_chats(profile: Profile, fact: bool) -> str:
    return "-" if profile.embedding is not Embedding.NONE else "yes" if fact else "no"


def _off(profile: Profile) -> str:
    if not profile.thinks:
        return "-"
    if profile.off:
        return f"`{profile.off}`"
    return "no: the least effort" if profile.always_thinks else "left out"


def _others(profile: Profile) -> list[str]:
    return [text for says, text in _remarks(profile) if says]


def _remarks(profile: Profile) -> list[tuple[object, str]]:
    """What is said about a family if the first of each pair is true."""
    names = ", ".join(f"`{name}`" for name in sorted(profile.refused))
    while_thinking = ", while it thinks" if profile.sampling is Sampling.WITHOUT_THINKING else ""
    tools = "none" if profile.always_thinks else "only with the effort none"
    return [
        (profile.limit_name != "max_tokens", f"limit is `{profile.limit_name}`"),
        (profile.most_temperature < MOST_TEMPERATURE, f"`temperature` up to {profile.most_temperature:g}"),
        (profile.least_temperature, f"`temperature` from {profile.least_temperature:g}"),
        (profile.refused, f"refuses {names}{while_thinking}"),
        (not profile.chat_tools_with_thinking, f"tools in Chat Completions of OpenAI and Azure: {tools}"),
        (profile.unlimited_effort, f"no limit and no sampling with the effort {profile.unlimited_effort} (AWS)"),
        (profile.on != "enabled", f"switched on with `{profile.on}`"),
        (profile.most_output, f"at most {profile.most_output} tokens"),
        (profile.call_signatures, "signatures of calls go back"),
        (profile.signed_tool_turns, "no thinking in a tool turn that lacks its own"),
        (profile.cache_points, f"cache points (AWS): {', '.join(sorted(profile.cache_points))}"),
        (profile.multimodal_endpoint, "DashScope's endpoint for images, audio and video"),
        (profile.reads_files, "reads files by their ids"),
        (not profile.prefill, "does not continue its own message"),
        (not profile.structured_outputs_with_tools, "no structured outputs beside tools"),
        (not profile.forced_tools_with_thinking, "no forced tools while it thinks"),
        (profile.embedding is not Embedding.NONE, f"embeddings at AWS: {profile.embedding.value}"),
        (profile.schemas != "json", f"schemas: {profile.schemas}"),
    ]


def _sources(name: str, sources: tuple[Source, ...]) -> list[str]:
    return [_row([f"`{name}`", _facts(source), _place(source), source.date]) for source in sources]


def _facts(source: Source) -> str:
    return ", ".join(source.facts.split())


def _place(source: Source) -> str:
    page = f"<{source.url}>" if source.url else "no page is known"
    page = f"{page} ({source.by})" if source.by else page
    return page if source.verified else f"**unverified**, rests on {source.rests_on}; {page}"


def _source_table(lines: list[str]) -> list[str]:
    return [_row(["family", "facts", "source", "read"]), _row(["---"] * 4), *lines]


def _services() -> str:
    columns = (
        "service", "models of", "how thinking is asked for", "field of earlier reasoning",
        "earlier reasoning goes back", "else",
    )  # fmt: skip
    rows = [_row(_service_cells(service)) for service in SERVICES.values()]
    sources = [line for service in SERVICES.values() for line in _sources(service.name, service.sources)]
    return "\n".join(
        [
            "## Services\n",
            "What depends on the service, whatever the model. All other services take `reasoning_effort`.\n",
            _row(columns), _row(["---"] * len(columns)), *rows, "",
            _row(["service", "facts", "source", "read"]), _row(["---"] * 4), *sources, "",
        ]
    )  # fmt: skip


def _service_cells(service: Service) -> list[str]:
    return [
        f"`{service.name}`",
        service.vendor or "any",
        service.style.value,
        f"`{service.reasoning_field}`" if service.reasoning_field else "refused",
        "yes" if service.uses_reasoning else "no",
        "Chat Completions take tools and thinking together as the model says"
        if service.tools_without_thinking
        else "-",
    ]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
