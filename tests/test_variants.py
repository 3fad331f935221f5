"""What holds for the recorded exchanges holds for others like them, with the same overrides."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.variant_requests import KINDS
from tests.variants import MODELS, WORDS, Raw, variants

import ai_proxy
from proxywasm_host.compare import judge
from proxywasm_host.exchange import Exchange, load
from proxywasm_host.overrides import FILE_NAME
from proxywasm_host.overrides import load as load_overrides
from proxywasm_host.replay import native_session, replay

TESTS = Path(__file__).parent

OVERRIDES = load_overrides(TESTS / FILE_NAME)
RECORDED = [exchange for file in sorted((TESTS / "conformance").glob("*/*.json")) for exchange in load(file)]
OWN = [exchange for file in sorted((TESTS / "recordings" / "original").glob("*.json")) for exchange in load(file)]

VARIANTS: dict[str, dict[str, Raw]] = defaultdict(dict)
"""By kind, and then by all but the name: what is the same but for that is held once."""
for recorded in RECORDED:
    for kind, raw in variants(recorded.raw):
        if raw != recorded.raw:
            rest = json.dumps({key: value for key, value in raw.items() if key not in {"name", "note"}})
            VARIANTS[kind].setdefault(rest, {**raw, "name": f"{recorded.name} ({kind})"})


def exchanges(kinds: Iterable[str], folder: Path) -> list[Exchange]:
    file = folder / "variants.json"
    file.write_text(json.dumps([raw for kind in kinds for raw in VARIANTS[kind].values()]), encoding="utf-8")
    return load(file)


@pytest.mark.parametrize("kind", VARIANTS)
def test_other_exchanges_of_the_same_kind_come_out_as_the_overrides_say(kind: str, tmp_path: Path) -> None:
    session = native_session(ai_proxy.plugin)
    verdicts = {one.name: judge(replay(one, session), one, OVERRIDES) for one in exchanges([kind], tmp_path)}
    assert {name: [*map(str, verdict.differences)] for name, verdict in verdicts.items() if not verdict.passed} == {}


def test_every_override_has_an_effect(tmp_path: Path) -> None:
    assert OVERRIDES.stale([*RECORDED, *OWN, *exchanges(KINDS, tmp_path)]) == []


def test_no_word_changes_the_length_of_a_body() -> None:
    for words in (WORDS, MODELS):
        assert {old: len(old.encode()) for old in words} == {old: len(new.encode()) for old, new in words.items()}
