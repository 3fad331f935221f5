"""What holds for the recorded exchanges holds for others like them, with the same overrides."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from tests.variants import MODELS, WORDS, Raw, variants

import ai_proxy
from proxywasm_host.compare import judge
from proxywasm_host.exchange import load
from proxywasm_host.overrides import FILE_NAME
from proxywasm_host.overrides import load as load_overrides
from proxywasm_host.replay import native_session, replay

TESTS = Path(__file__).parent

VARIANTS: dict[str, list[Raw]] = defaultdict(list)
for file in sorted((TESTS / "conformance").glob("*/*.json")):
    for exchange in load(file):
        for kind, raw in variants(exchange.raw):
            if raw != exchange.raw:
                VARIANTS[kind].append({**raw, "name": f"{exchange.name} ({kind})"})


@pytest.mark.parametrize("kind", VARIANTS)
def test_other_exchanges_of_the_same_kind_come_out_as_the_overrides_say(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    file.write_text(json.dumps(VARIANTS[kind]), encoding="utf-8")
    session = native_session(ai_proxy.plugin)
    overrides = load_overrides(TESTS / FILE_NAME)
    verdicts = {variant.name: judge(replay(variant, session), variant, overrides) for variant in load(file)}
    assert {name: [*map(str, verdict.differences)] for name, verdict in verdicts.items() if not verdict.passed} == {}


def test_no_word_changes_the_length_of_a_body() -> None:
    for words in (WORDS, MODELS):
        assert {old: len(old.encode()) for old in words} == {old: len(new.encode()) for old, new in words.items()}
