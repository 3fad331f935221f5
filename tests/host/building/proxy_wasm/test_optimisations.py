"""Optimisations change how fast and how large a module is, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.artefacts import AI_PROXY_SOURCE, ROOT

from benchmarks.lowering.exchanges import CASES, count
from benchmarks.lowering.measure import Column
from benchmarks.lowering.table import table
from proxywasm_host.building.build import COMPONENT_OPTIMISATIONS, BuildError, build, build_module
from proxywasm_host.building.proxy_wasm import OPTIMISATIONS, SLOW, LoweringError, Optimisation
from proxywasm_host.building.proxy_wasm.component import Component
from proxywasm_host.building.proxy_wasm.optimisations import optimise
from proxywasm_host.building.proxy_wasm.parts import CLEANING, Parts

NAMES = [each.name for each in OPTIMISATIONS]


def test_each_is_in_the_table_of_what_it_brings() -> None:
    pages = (ROOT / "docs" / "performance.md").read_text()
    every: tuple[Optimisation[Any], ...] = (*OPTIMISATIONS, *COMPONENT_OPTIMISATIONS)
    assert [each.name for each in every if f"| `{each.name}`: {each.what} |" not in pages] == []


def test_one_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(LoweringError, match=rf"no optimisation 'magic' here, only {', '.join(NAMES)}"):
        optimise(Parts(Component()), {"magic"})
    with pytest.raises(BuildError, match=r"no optimisation 'optimiser' here, only addresses$"):
        build(AI_PROXY_SOURCE, without={"optimiser"})


@pytest.mark.parametrize(
    ("without", "passes"),
    [
        ((), ("--low-memory-unused", *CLEANING, "-O3", "--optimize-added-constants")),
        (SLOW, ("--low-memory-unused", *CLEANING, "--optimize-added-constants")),
        (NAMES, CLEANING),
    ],
    ids=["all", "fast ones", "none"],
)
def test_what_is_left_out_is_not_done(without: tuple[str, ...], passes: tuple[str, ...]) -> None:
    assert optimise(Parts(Component()), without).passes == passes


def test_what_one_brings_is_the_middle_of_what_it_takes_off_in_each_round() -> None:
    column = Column("time", {"all": [9.0, 80.0, 1.0], "x": [10.0, 100.0, 2.0]})
    assert column.saved("x") == pytest.approx(0.2)
    size = Column("code", {"all": [90.0], NAMES[0]: [100.0]})
    assert f"| `{NAMES[0]}`: {OPTIMISATIONS[0].what} | -10.0% |" in table([size], OPTIMISATIONS[:1])


@pytest.mark.slow
def test_a_module_does_what_is_measured(ai_proxy_module: Path) -> None:
    chat, stream = (count(ai_proxy_module, case, warm=1, counted=1) for case in CASES[1:])
    assert 100_000 < chat < stream


@pytest.mark.exhaustive
def test_without_any_a_module_does_the_same_with_more_instructions(ai_proxy_module: Path) -> None:
    plain = build_module(AI_PROXY_SOURCE, without=NAMES).path
    assert plain.stat().st_size > ai_proxy_module.stat().st_size
    for case in CASES:
        assert count(plain, case) > count(ai_proxy_module, case)
