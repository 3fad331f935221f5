"""What requests to Claude have in common at Anthropic, AWS and Google: thinking and sampling, as its profile says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proxywasm import log

from ...profiles import efforts
from ...profiles.facts import Profile, Sampling, Thinking
from ...wire import lenient
from ...wire.json import Json
from . import chat_fields, thinking_blocks
from .sampling import within

LEAST_BUDGET: Final = 1024
MAX_TOKENS: Final = 4096
"""The limit of an answer, without its thinking, if the request has none."""

_SEVERAL: Final = ("temperature", "top_p", "top_k")
_FORCING: Final = frozenset({"required", "any"})
_LEAST_TOP_P: Final = 0.95
"""With thinking, Claude models accept no lower `top_p`."""


@dataclass(slots=True)
class Asked:
    """What a request says of thinking."""

    fields: Json = field(default_factory=dict)
    """`thinking` and `output_config`, as Claude models take them."""
    tokens: int = 0
    """About how many tokens the thinking takes."""

    @property
    def thinks(self) -> bool:
        kind = lenient.text(lenient.mapping(self.fields.get("thinking")).get("type"))
        return kind in {"adaptive", "enabled"}


def thinking(profile: Profile, body: Json, limit: int, budgets: Mapping[str, int] = efforts.BUDGETS) -> Asked:
    """The request's thinking. `limit`: the answer's tokens, thinking included; 0: the request has no limit."""
    asked = _asked(profile, body, limit, budgets)
    # Clients of Anthropic's protocol, and those of OpenAI's that send its `thinking`.
    display = body.get("thinking_display") or lenient.mapping(body.get("thinking")).get("display")
    if asked.thinks and isinstance(display, str):
        asked.fields["thinking"] = {**asked.fields["thinking"], "display": display}
    return asked


def _asked(profile: Profile, body: Json, limit: int, budgets: Mapping[str, int]) -> Asked:
    effort, budget = _wanted(body)
    if not effort and not budget:
        return Asked(tokens=efforts.BUDGETS["high"] if profile.thinks_by_default else 0)
    if not profile.thinks:
        log.debug("thinking left out: the model has none")
        return Asked()
    if effort == "none" and not budget:
        return _off(profile)
    if profile.signed_tool_turns and lacks_thinking(body):
        log.debug("thinking left out: the client has not returned that of the tool calls before")
        return _off(profile)
    if profile.thinking is Thinking.ADAPTIVE and not (budget and profile.least_budget):
        word = profile.effort(effort or efforts.effort_of(budget))
        word = word if word in profile.efforts else "high"
        return Asked({"thinking": {"type": "adaptive"}, "output_config": {"effort": word}}, efforts.BUDGETS[word])
    return _budget(profile, budget or efforts.budget_of(effort, budgets), limit)


def _wanted(body: Json) -> tuple[str, int]:
    """The effort and the budget of a request. Clients of OpenAI's protocol may send Anthropic's `thinking`, too."""
    effort = lenient.text(body.get("reasoning_effort"))
    budget = lenient.count(body.get("reasoning_max_tokens"))
    given = lenient.mapping(body.get("thinking"))
    kind = lenient.text(given.get("type"))
    if kind == "enabled":
        return effort, lenient.count(given.get("budget_tokens")) or budget
    if kind == "adaptive":
        return effort or lenient.text(lenient.mapping(body.get("output_config")).get("effort")) or "high", 0
    if kind in {"disabled", "between_tools"}:
        return "none", 0
    return effort, budget


def _off(profile: Profile) -> Asked:
    if profile.off:
        return Asked({"thinking": {"type": profile.off}})
    if profile.always_thinks:
        return Asked({"output_config": {"effort": profile.efforts[0]}}, efforts.BUDGETS[profile.efforts[0]])
    return Asked()


def _budget(profile: Profile, budget: int, limit: int) -> Asked:
    """The budget is a part of the limit: half of it at most, to leave room for the answer."""
    budget = max(budget, LEAST_BUDGET)
    if not limit:
        budget = min(budget, profile.most_output - MAX_TOKENS) if profile.most_output else budget
    elif limit < 2 * LEAST_BUDGET:
        return _off(profile)
    else:
        budget = min(budget, limit // 2)
    return Asked({"thinking": {"type": "enabled", "budget_tokens": budget}}, budget)


def lacks_thinking(body: Json) -> bool:
    """Whether the conversation ends within a turn with tool calls whose thinking the client has not returned."""
    messages = lenient.objects(body.get("messages"))
    for message in reversed(messages):
        role = message.get("role")
        if role == "assistant":
            if chat_fields.has_calls(message) and not thinking_blocks.signed(message):
                return True
        elif role != "tool" and not chat_fields.is_system(message):
            break
    return False


def sampling(profile: Profile, body: Json, *, thinks: bool) -> Json:
    """`temperature`, `top_p` and `top_k`, as far as the model accepts them."""
    given = {name: body[name] for name in _SEVERAL if body.get(name) is not None}
    if not given:
        return given
    if profile.sampling is Sampling.REFUSED:
        log.debug("%s left out: the model refuses sampling parameters", ", ".join(given))
        return {}
    for name, most in (("temperature", profile.most_temperature), ("top_p", 1.0)):
        if name in given:
            given[name] = within(given[name], most)
    if thinks:
        given.pop("temperature", None)
        given.pop("top_k", None)
        if lenient.is_number(given.get("top_p")) and given["top_p"] < _LEAST_TOP_P:
            del given["top_p"]
    elif profile.sampling is Sampling.ONE and "temperature" in given and "top_p" in given:
        # 1 is the default of both, so it says nothing.
        dropped = "temperature" if given["temperature"] == 1 != given["top_p"] else "top_p"
        log.debug("%s left out: the model accepts only one of temperature and top_p", dropped)
        del given[dropped]
    return given


def is_forced(choice: Any) -> bool:
    """Whether a `tool_choice` of OpenAI's protocol forces a call."""
    kind = lenient.text(choice.get("type") if isinstance(choice, dict) else choice)
    return bool(chat_fields.chosen_function(choice)) or kind in _FORCING


def without_forced_tools(profile: Profile, body: Json) -> Json:
    """The request with `tool_choice: auto` if the model cannot be forced to call a tool."""
    if profile.forced_tools or not is_forced(body.get("tool_choice")):
        return body
    log.warn("tool_choice becomes auto: the model cannot be forced to call a tool")
    return {**body, "tool_choice": "auto"}


CITED_PAGE: Final = "web_search_result_location"
"""The type of citations of web pages."""


def without_foreign_citations(body: Json) -> bool:
    """Remove citations that other services have made from a request, in place; whether there were any."""
    changed = False
    for message in lenient.objects(body.get("messages")):
        content = message.get("content")
        if message.get("role") != "assistant" or not isinstance(content, list):
            continue
        for block in content:
            if isinstance(block, dict) and "citations" in block and isinstance(given := block["citations"], list):
                kept = [one for one in given if not _is_foreign(one)]
                if len(kept) != len(given):
                    block["citations"] = kept or None
                    changed = True
    return changed


def _is_foreign(citation: object) -> bool:
    return isinstance(citation, dict) and citation.get("type") == CITED_PAGE and citation.get("encrypted_index") == ""
