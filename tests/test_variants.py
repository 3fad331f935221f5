"""What comes out for a recorded exchange says what has to come out for others like it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from tests.expected.golden import TESTS
from tests.expected.golden import load as load_expected
from tests.variants import MODELS, WORDS, Raw, variants

import ai_proxy
from ai_proxy.profiles.resolution import profile_of
from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import load
from proxywasm_host.recordings.replay import native_session, replay

EXCHANGES = [exchange for file in sorted((TESTS / "conformance").glob("*/*.json")) for exchange in load_expected(file)]

VARIANTS: dict[str, dict[str, Raw]] = defaultdict(dict)
"""By kind, and then by all but the name: what is the same but for that is held once."""
for exchange in EXCHANGES:
    for kind, raw in variants(exchange.raw):
        if raw != exchange.raw:
            rest = json.dumps({key: value for key, value in raw.items() if key not in {"name", "note"}})
            VARIANTS[kind].setdefault(rest, {**raw, "name": f"{exchange.name} ({kind})"})


@pytest.mark.parametrize("kind", VARIANTS)
def test_other_exchanges_of_the_same_kind_come_out_as_the_recorded_ones_say(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    file.write_text(json.dumps([*VARIANTS[kind].values()]), encoding="utf-8")
    session = native_session(ai_proxy.plugin)
    verdicts = {one.name: judge(replay(one, session), one) for one in load(file)}
    assert {name: [*map(str, verdict.differences)] for name, verdict in verdicts.items() if not verdict.passed} == {}


@pytest.mark.parametrize(("old", "new"), MODELS.items())
def test_a_model_is_replaced_by_one_of_its_family(old: str, new: str) -> None:
    assert profile_of(new) is profile_of(old)


def test_no_word_changes_the_length_of_a_body() -> None:
    for words in (WORDS, MODELS):
        assert {old: len(old.encode()) for old in words} == {old: len(new.encode()) for old, new in words.items()}
