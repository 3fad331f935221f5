"""What the profile of a model changes in chats of the pivot, for services that take them as they are or nearly so:
thinking, sampling, the name of the limit, and reasoning of earlier turns.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

from proxywasm import log

from ...profiles import efforts
from ...profiles.facts import MOST_TEMPERATURE, Profile, Reasoning, Sampling, Thinking
from ...profiles.services import Style
from ...wire import lenient
from ...wire.json import Json
from ..exchange import Exchange
from . import chat_fields, claude, thinking_blocks, turns
from .sampling import within

_LIMIT: Final = "max_completion_tokens"
_ALL, _REQUIRED = Sampling.ALL, Reasoning.REQUIRED  # Reading a member of an enum is slow.
_REASONING: Final = "reasoning_content"
_OF_THINKING: Final = frozenset({_REASONING, "reasoning", "reasoning_details", *thinking_blocks.SIGNED})
"""Fields of earlier answers with thinking, of this gateway and of services with OpenAI's protocol."""
_NOTHING_SAID: Final = " "
"""Kimi refuses messages with tool calls without reasoning, and empty reasoning counts as none."""


def apply(exchange: Exchange, body: Json) -> bool:
    """Change a chat for a service with OpenAI's protocol, in place; returns whether anything changed."""
    # Most requests have none of these fields, and each call has its price.
    profile = exchange.profile
    changed = False
    if "max_tokens" in body and profile.limit_name == _LIMIT:
        changed = _rename_limit(body)
    if "reasoning_effort" in body or "reasoning_max_tokens" in body or exchange.thinking is not None:
        changed |= _ASK[exchange.service.style](exchange, body)
    if "tools" in body and not profile.chat_tools_with_thinking:
        changed |= _fit_tools(exchange, body)
    if ("temperature" in body or "top_p" in body) and profile.sampling is not _ALL:
        changed |= _limit_sampling(profile, body)
    if "temperature" in body and profile.most_temperature < MOST_TEMPERATURE:
        changed |= _limit_temperature(profile, body)
    if profile.refused and (found := profile.refused & body.keys()):
        changed |= _leave_out(profile, body, found)
    if "tool_choice" in body and not (profile.forced_tools and profile.forced_tools_with_thinking):
        changed |= _limit_forcing(exchange, body)
    if profile.reasoning is _REQUIRED:
        changed |= _fill_reasoning(body)
    if exchange.service.reasoning_field != _REASONING:
        changed |= _place_reasoning(exchange.service.reasoning_field, body)
    if not profile.prefill or exchange.service.prefix_field:
        changed |= _end(exchange, body)
    return changed


def _rename_limit(body: Json) -> bool:
    """Reasoning models of OpenAI refuse `max_tokens`: their limit includes the reasoning and has another name.

    Source: OpenAI API reference, "Create chat completion", `max_completion_tokens`.
    """
    limit = body.pop("max_tokens")
    if body.get(_LIMIT) is None and limit is not None:
        body[_LIMIT] = limit
    return True


def _fit_tools(exchange: Exchange, body: Json) -> bool:
    """OpenAI and Azure take function tools in Chat Completions only while their newer models do not think.

    The Responses API takes both; requests of that API pass unchanged.
    """
    profile = exchange.profile
    if not exchange.service.tools_without_thinking or not body["tools"] or not _has_effort(profile, body):
        return False
    if profile.always_thinks:
        log.warn("the model takes no function tools in Chat Completions, only in the Responses API")
        return False
    log.warn("reasoning_effort becomes none: in Chat Completions the model takes no function tools while it thinks")
    body["reasoning_effort"] = "none"
    return True


def _has_effort(profile: Profile, body: Json) -> bool:
    """A model with efforts thinks at this request."""
    effort = body.get("reasoning_effort")
    return effort != "none" and (effort is not None or profile.thinks_by_default)


def _leave_out(profile: Profile, body: Json, found: Set[str]) -> bool:
    if profile.sampling is Sampling.WITHOUT_THINKING and not _has_effort(profile, body):
        return False
    for name in found:
        del body[name]
    log.debug("%s left out: the model refuses it", ", ".join(sorted(found)))
    return True


def _limit_temperature(profile: Profile, body: Json) -> bool:
    given = body["temperature"]
    body["temperature"] = kept = within(given, profile.most_temperature, profile.least_temperature)
    return bool(kept != given)


def _limit_sampling(profile: Profile, body: Json) -> bool:
    if profile.sampling is Sampling.WITHOUT_THINKING and not _has_effort(profile, body):
        return False
    refused = [name for name in ("temperature", "top_p") if body.get(name, 1) not in (None, 1)]
    for name in refused:
        del body[name]
    if refused:
        log.debug("%s left out: the model accepts only the default", ", ".join(refused))
    return bool(refused)


def _limit_forcing(exchange: Exchange, body: Json) -> bool:
    """Services whose models are switched to think refuse a forced tool call, some of them only while a model thinks."""
    profile = exchange.profile
    if exchange.service.style is not Style.SWITCH or not claude.is_forced(body["tool_choice"]):
        return False
    if profile.forced_tools and not _thinks(profile, body):
        return False
    asked = lenient.mapping(body.get("thinking")).get("type") == "enabled"
    if profile.forced_tools and profile.off and not asked:
        log.debug("thinking is switched off: with it the model cannot be forced to call a tool")
        body["thinking"] = {"type": profile.off}
        body.pop("reasoning_effort", None)
    else:
        log.warn("tool_choice becomes auto: the model cannot be forced to call a tool")
        body["tool_choice"] = "auto"
    return True


def _thinks(profile: Profile, body: Json) -> bool:
    kind = lenient.mapping(body.get("thinking")).get("type")
    return profile.always_thinks or kind == "enabled" or (profile.thinks_by_default and kind != "disabled")


def _end(exchange: Exchange, body: Json) -> bool:
    """The end of a conversation that is the beginning of the answer."""
    messages = body.get("messages")
    if not turns.ends_with_answer(messages):
        return False
    if not exchange.profile.prefill:
        messages.append(turns.wish_to_continue())
    else:
        messages[-1] = {**messages[-1], exchange.service.prefix_field: True}
    return True


def _fill_reasoning(body: Json) -> bool:
    """Reasoning for earlier tool calls of which the client has none."""
    if lenient.mapping(body.get("thinking")).get("type") == "disabled":
        return False
    changed = False
    for message in lenient.objects(body.get("messages")):
        if (
            message.get("role") == "assistant"
            and chat_fields.has_calls(message)
            and not (message.get("reasoning_content") or message.get("reasoning"))
        ):
            message["reasoning_content"] = _NOTHING_SAID
            changed = True
    return changed


def _ask_by_effort(exchange: Exchange, body: Json) -> bool:
    """`reasoning_effort`, in the words of the model."""
    given = body.get("reasoning_effort")
    if not isinstance(given, str) or not given:
        return False
    profile = exchange.profile
    if profile.thinking is Thinking.UNKNOWN and (given != "none" or exchange.thinking is None):
        return False  # As the client says, but not what is made of its switch: a model without thinking refuses it.
    word = profile.effort(given) if profile.efforts else ""
    if not word:
        log.debug("reasoning_effort left out: the model has no setting for it")
        del body["reasoning_effort"]
        return True
    body["reasoning_effort"] = word
    return word != given


def _ask_by_switch(exchange: Exchange, body: Json) -> bool:
    """`thinking.type` beside an effort that the model may know."""
    profile, effort = exchange.profile, body.pop("reasoning_effort", None)
    budget = body.pop("reasoning_max_tokens", None)
    asked = isinstance(effort, str) and effort != ""
    if not asked and not lenient.count(budget):
        if not _off_by_default(exchange):
            return effort is not None or budget is not None
        effort = "none"
    if isinstance(body.get("thinking"), dict):
        return True
    if profile.always_thinks and profile.efforts:
        # These models have no switch, and refuse to be switched off.
        body["reasoning_effort"] = profile.effort(effort if asked else _effort_of(budget))
        return True
    if profile.thinking in {Thinking.NONE, Thinking.ALWAYS}:
        log.debug("thinking left out: the model has no setting for it")
        return True
    if effort == "none" and not profile.always_thinks:
        body["thinking"] = {"type": "disabled"}
        return True
    body["thinking"] = {"type": profile.on}
    if profile.efforts:
        body["reasoning_effort"] = profile.effort(effort if asked else _effort_of(budget))
    return True


def _effort_of(budget: Any) -> str:
    return efforts.effort_of(lenient.count(budget))


def _off_by_default(exchange: Exchange) -> bool:
    thinking = exchange.thinking
    return thinking is not None and not thinking.enabled and exchange.service.thinking_off_by_default


def _ask_by_budget(exchange: Exchange, body: Json) -> bool:
    """`enable_thinking` and `thinking_budget`."""
    effort, budget = body.pop("reasoning_effort", None), body.pop("reasoning_max_tokens", None)
    tokens = lenient.count(budget)
    if not tokens and not (isinstance(effort, str) and effort):
        return effort is not None or budget is not None
    profile = exchange.profile
    if not profile.thinks:
        log.debug("thinking left out: the model has none")
    elif effort == "none" and not tokens:
        if not profile.always_thinks:
            body.setdefault("enable_thinking", False)
    else:
        if not profile.always_thinks:
            body.setdefault("enable_thinking", True)
        body.setdefault("thinking_budget", tokens or efforts.budget_of(str(effort)))
    return True


def _ask_by_reasoning(exchange: Exchange, body: Json) -> bool:
    """A budget is `reasoning.max_tokens`, and excludes an effort. Source: OpenRouter docs, "Reasoning Tokens".

    `reasoning_max_tokens` is this plugin's name for a budget.
    """
    budget = body.get("reasoning_max_tokens")
    if not lenient.count(budget):
        thinking = exchange.thinking
        budget = thinking.budget if thinking is not None and thinking.enabled else None
        if not lenient.count(budget):
            return _drop_switch(exchange, body)
    body.pop("reasoning_max_tokens", None)
    body.pop("reasoning_effort", None)
    body["reasoning"] = {**lenient.mapping(body.get("reasoning")), "max_tokens": budget}
    return True


def _drop_switch(exchange: Exchange, body: Json) -> bool:
    """Leave out what is made of the client's switch, for a model that may have no thinking to switch off."""
    made = exchange.thinking is not None and body.get("reasoning_effort") == "none"
    if made and exchange.profile.thinking in {Thinking.NONE, Thinking.UNKNOWN}:
        del body["reasoning_effort"]
        return True
    return False


_ASK: Final = {
    Style.EFFORT: _ask_by_effort,
    Style.SWITCH: _ask_by_switch,
    Style.BUDGET: _ask_by_budget,
    Style.REASONING: _ask_by_reasoning,
}


def _place_reasoning(field: str, body: Json) -> bool:
    """The reasoning of earlier answers in the field in which the service takes it back, without all others: a service
    that has none of them refuses the request. The answers may come from other services.
    """
    changed = False
    given = body.get("messages")
    messages: list[Any] = given if isinstance(given, list) else []
    for place, message in enumerate(messages):
        found = message.keys() & _OF_THINKING if isinstance(message, dict) else ()
        if not found or found == {field}:
            continue
        reasoning = lenient.text(message.get(field)) or lenient.text(message.get(_REASONING))
        kept = {name: value for name, value in message.items() if name not in found}
        messages[place] = {**kept, field: reasoning} if field and reasoning else kept
        changed = True
    return changed
