"""Names and ids that a service does not accept are replaced, the same way each time, and none becomes another one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_proxy.protocols.pivot import identifiers
from ai_proxy.protocols.pivot.blank import is_blank
from ai_proxy.protocols.pivot.identifiers import NameRule, call_id, escaped_id, tool_name, unescaped_id

NAMES = [identifiers.OPENAI_NAMES, identifiers.ANTHROPIC_NAMES, identifiers.GOOGLE_NAMES]
IDS = [identifiers.AWS_IDS, identifiers.ANTHROPIC_IDS, identifiers.OPENAI_IDS, identifiers.MISTRAL_IDS]
TEXTS = st.text(min_size=1) | st.from_regex(r"[A-Za-z0-9_.:-]{1,90}", fullmatch=True)


@pytest.mark.parametrize("rule", NAMES)
@given(name=TEXTS, other=TEXTS)
def test_a_name_is_one_that_the_service_accepts_and_two_names_stay_two(rule: NameRule, name: str, other: str) -> None:
    assert rule.pattern.fullmatch(tool_name(name, rule))
    assert len(tool_name(name, rule)) <= rule.longest
    assert (tool_name(name, rule) == tool_name(other, rule)) == (name == other)


@pytest.mark.parametrize("rule", NAMES)
def test_a_name_that_is_accepted_stays(rule: NameRule) -> None:
    assert tool_name("get_weather-2", rule) == "get_weather-2"


@pytest.mark.parametrize("accepted", IDS)
@given(given_id=st.text() | TEXTS)
def test_an_id_is_one_that_the_service_accepts(accepted: re.Pattern[str], given_id: str) -> None:
    fitting = call_id(given_id, accepted)
    assert accepted.fullmatch(fitting)
    assert fitting == call_id(given_id, accepted)
    assert call_id(fitting, accepted) == fitting, "what is accepted stays"


@given(given_id=st.text(st.characters(codec=None), min_size=1) | TEXTS | TEXTS.map("esc-".__add__))
def test_anthropics_clients_get_ids_that_lead_back(given_id: str) -> None:
    assert identifiers.ANTHROPIC_IDS.fullmatch(escaped_id(given_id))
    assert unescaped_id(escaped_id(given_id)) == given_id


@given(text=st.text(" \t\r\n\u00a0\u200b\ufeff\u2060"))
def test_a_text_without_a_visible_character_is_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(text + "." + text)
