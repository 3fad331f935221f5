"""The golden files are about real differences, and the command that writes them changes nothing without a reason."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.expected.__main__ import main
from tests.expected.golden import (
    TESTS,
    Golden,
    declared,
    golden_file,
    golden_files,
    read,
    recordings,
    rejected,
)
from tests.expected.layout import text
from tests.expected.updating import update

from proxywasm import HttpContext, Plugin
from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import Exchange, load
from proxywasm_host.recordings.replay import native_session

GOLDEN = {recording: read(golden_file(recording)) for recording in recordings()}
ENTRIES = [
    pytest.param(recording, name, golden, id=name)
    for recording, entries in GOLDEN.items()
    for name, golden in entries.items()
]


def test_every_golden_file_belongs_to_a_recording_and_has_the_layout_of_the_command() -> None:
    assert golden_files() == [golden_file(recording) for recording, entries in GOLDEN.items() if entries]
    assert [file for file in golden_files() if file.read_text(encoding="utf-8") != text(read(file))] == []


def test_every_difference_has_a_reason_and_an_exchange() -> None:
    used = {name for entries in GOLDEN.values() for golden in entries.values() for name in golden.differences}
    assert used == declared().keys()
    assert all(reason.endswith(".") for reason in declared().values())


@cache
def exchanges(recording: Path) -> dict[str, Exchange]:
    return {exchange.name: exchange for exchange in load(recording)}


@pytest.mark.parametrize(("recording", "name", "golden"), ENTRIES)
def test_a_golden_entry_is_an_answer_that_its_recording_does_not_have(
    recording: Path, name: str, golden: Golden
) -> None:
    exchange = exchanges(recording)[name]
    assert any(rejected(exchange, golden.expect))
    assert judge(golden.expect, golden.instead_of_recorded(exchange)).status == "same"
    assert golden.differences


# The command, on a copy of one recording: both of its exchanges have a golden entry.

RECORDING = TESTS / "conformance" / "qwen" / "native-stream.json"
NAME = "qwen-native-stream-a"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in (RECORDING, golden_file(RECORDING), TESTS / "expected" / "differences.json"):
        copy = tmp_path / file.relative_to(TESTS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--tests", str(folder), *words])


def files(folder: Path) -> dict[Path, str]:
    return {file: file.read_text(encoding="utf-8") for file in folder.rglob("*.json")}


def recording_in(folder: Path) -> Path:
    return folder / RECORDING.relative_to(TESTS)


def golden_in(folder: Path) -> Path:
    return golden_file(recording_in(folder), folder)


def edit(file: Path, change: Any) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document)
    file.write_text(json.dumps(document), encoding="utf-8")


def other_status(entries: Any) -> None:
    entries[NAME]["expect"]["downstream"]["headers"][0][1] = "299"


def test_answers_that_come_out_as_stored_stay_untouched(folder: Path) -> None:
    golden_in(folder).write_text(json.dumps(json.loads(golden_in(folder).read_text(encoding="utf-8"))))
    before = files(folder)
    result = run(folder)
    assert (result.exit_code, result.output) == (0, "")
    assert files(folder) == before


def test_an_answer_that_changes_is_shown_and_not_written_without_a_difference(folder: Path) -> None:
    edit(golden_in(folder), other_status)
    before = files(folder)
    result = run(folder)
    assert result.exit_code == 1
    assert f'{NAME}\n    downstream.headers.:status\n      expected "299"\n      got      "200"\n' in result.stdout
    assert "say with --difference ID why these answers differ" in result.stderr
    assert files(folder) == before


def test_an_answer_that_changes_keeps_its_differences_and_gets_the_one_that_is_given(folder: Path) -> None:
    before = read(golden_in(folder))
    edit(golden_in(folder), other_status)
    result = run(folder, "--difference", "retries")
    assert result.exit_code == 0, result.output
    after = read(golden_in(folder))
    assert after[NAME] == Golden(tuple(sorted([*before[NAME].differences, "retries"])), before[NAME].expect)
    assert {name: golden for name, golden in after.items() if name != NAME} == {
        name: golden for name, golden in before.items() if name != NAME
    }


def test_a_new_difference_gets_a_golden_entry(folder: Path) -> None:
    before = read(golden_in(folder))
    golden_in(folder).unlink()
    assert run(folder).exit_code == 1
    assert not golden_in(folder).exists()
    result = run(folder, "--difference", "retries", "--only", NAME)
    assert result.exit_code == 0, result.output
    assert read(golden_in(folder)) == {NAME: Golden(("retries",), before[NAME].expect)}


def test_a_difference_has_to_be_declared(folder: Path) -> None:
    edit(golden_in(folder), other_status)
    before = files(folder)
    result = run(folder, "--difference", "whim")
    assert result.exit_code == 2
    assert "whim: declare it in differences.json" in result.stderr
    assert files(folder) == before


def test_an_entry_that_is_no_difference_any_more_is_removed(folder: Path) -> None:
    before = read(golden_in(folder))

    def as_ours(entries: Any) -> None:
        for entry in entries:
            entry["expect"] = before[entry["name"]].expect

    edit(recording_in(folder), as_ours)
    result = run(folder)
    assert result.exit_code == 0, result.output
    assert f"{NAME}: no longer differs from its recording" in result.stdout
    assert not golden_in(folder).exists()


def test_a_golden_file_without_its_recording_is_removed(folder: Path) -> None:
    recording_in(folder).unlink()
    assert run(folder).exit_code == 0
    assert not golden_in(folder).exists()


def test_a_plugin_that_fails_is_never_stored(folder: Path) -> None:
    plugin: Plugin[None] = Plugin("failing")

    @plugin.on_request_headers
    def fail(ctx: HttpContext, config: None) -> None:
        raise RuntimeError

    found = update(native_session(plugin), ("retries",), tests=folder)
    assert found.refusal(("retries",)) == "the plugin fails in some of these exchanges: nothing is written"
