"""Edits of the gateway file by the console: checked, written, loaded, rolled back."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.console.running import SECRETS, Console, running
from tests.host.gateway.reload.process import Stream, until

BOMB = "a: &a [1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 6)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


def test_a_text_that_comes_back_unchanged_changes_nothing(console: Console) -> None:
    before = console.path.read_bytes()
    checked = console.edit("check", {"text": console.file["text"]}).json
    assert (checked["ok"], checked["changes"], checked["diff"]) == (True, False, "")
    applied = console.edit("apply", {"plugin": 0, "config": console.config()}).json
    assert applied["applied"] is False
    assert console.path.read_bytes() == before


def test_a_bad_value_is_refused_at_its_field(console: Console) -> None:
    before = console.path.read_bytes()
    text = console.file["text"].replace("version: gen1", "version: none").replace("admin:", "admn:")
    answer = console.edit("apply", {"text": text})
    assert (answer.status, answer.code) == (422, "refused")
    [problem] = answer.json["problems"]
    assert problem["key"] == "admn"
    assert problem["message"] == "no such key; did you mean 'admin'?"
    assert text.splitlines()[problem["line"] - 1].startswith("admn:")

    answer = console.edit("apply", {"plugin": 0, "config": console.config(version="none")})
    [problem] = answer.json["problems"]
    assert problem["place"] == ["plugins", 0, "config", "version"]
    assert problem["expected"] == "one of 'gen1', 'gen2'"
    checked = console.edit("check", {"plugin": 0, "config": console.config(version="none")}).json
    assert checked["problems"] == [problem]
    assert "version: none" in checked["text"].splitlines()[problem["line"] - 1]
    # A line behind the private key, which has one line in the text that is shown, and three in the file.
    text = console.file["text"].replace("routes: [", "roots: [")
    [*_, problem] = console.edit("check", {"text": text}).json["problems"]
    assert text.splitlines()[problem["line"] - 1].startswith("roots: ")
    assert console.path.read_bytes() == before
    assert console.run.version() == "gen1"


def test_what_needs_a_restart_and_what_is_no_yaml_is_refused(console: Console) -> None:
    text = console.file["text"]
    for edited, message in (
        (text.replace("admin: 127.0.0.1", "admin: 127.0.0.2"), "cannot change while the gateway runs; restart it"),
        (text.replace("token_file: token", "token_env: HOME"), "cannot change while the gateway runs; restart it"),
        (f"{text}  - [", "is not YAML"),
        (text.replace("gen1", "masked-apiTokens-0123456789"), "stands for no value of the file"),
        (text.replace("gen1", "${ENV:NOT_SET_AT_ALL}"), "NOT_SET_AT_ALL is not set"),
        (f"{text}x: &a [*a]", "refers to itself"),
        (f"{text}x: !!python/object:os.system [a]", "is not known here"),
        (BOMB, "more than 20,000 values"),
        ("", "expected keys"),
    ):  # fmt: skip
        answer = console.edit("apply", {"text": edited})
        assert answer.status == 422, answer.body
        assert message in answer.json["problems"][0]["message"]


def test_an_edit_serves_the_next_stream_while_running_ones_end_as_they_began(console: Console) -> None:
    before = console.path.read_text()
    console.path.chmod(0o640)
    first = Stream(console.run.port)
    applied = console.edit("apply", {"plugin": 0, "config": console.config(version="gen2")}).json
    second = Stream(console.run.port)
    console.upstream.step()
    for stream in (first, second):
        stream.next()
        stream.close()
    assert (first.versions, second.versions) == ({b"gen1"}, {b"gen2"})
    # Of the text only the value has changed.
    assert console.path.read_text() == before.replace("version: gen1 ", "version: gen2 ")
    assert stat.S_IMODE(console.path.stat().st_mode) == 0o640
    assert "\n-      version: gen1   # shown in answers\n+      version: gen2   # shown in answers\n" in applied["diff"]
    assert (applied["added"], applied["removed"]) == (1, 1)
    assert console.get("about")["reload"]["generation"] == applied["generation"]
    until(lambda: console.run.logged(f"edit of {console.path}, +1 -1 lines, sha256 "))

    # And back: the history has what was there.
    newest, found = console.get("history")["entries"][:2]
    assert (newest["how"], newest["current"], newest["who"]) == ("edit", True, "127.0.0.1")
    entry = console.get(f"history/{found['id']}")
    assert "-      version: gen2" in entry["diff"]
    back = console.edit("apply", {"history": found["id"]}).json
    assert back["applied"] is True
    assert console.path.read_text() == before
    assert console.run.version() == "gen1"
    assert console.get("history")["entries"][0]["how"] == "roll back"
    history = [*(console.path.parent / "cache").rglob("history/*.json")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in history} == {0o600}
    assert {stat.S_IMODE(file.parent.stat().st_mode) for file in history} == {0o700}


def test_values_of_a_form_get_into_the_text_whatever_they_are(console: Console) -> None:
    before = console.path.read_text()
    hostile: list[Any] = [
        "<img src=x onerror=alert(1)>", "a: b # c", "- x", "'\"", "line\nline\n", " x ", "\u202eabc", "\x7f\u2028",
        "no", "*", "&a", "{}", "null", "1.0", "😀", "", None, 1.5, True, {"a": [{"b": {}}]},
    ]  # fmt: skip
    applied = console.edit("apply", {"plugin": 0, "config": console.config(list=hostile, more={"x": "y\nz"})})
    assert applied.status == 200, applied.body
    config = console.config()
    assert config["list"] == hostile
    assert config["more"] == {"x": "y\nz"}
    assert "# shown in answers" in console.path.read_text()
    assert SECRETS["pem"] in console.path.read_text()
    back = console.edit("apply", {"history": console.get("history")["entries"][1]["id"]})
    assert back.status == 200
    assert console.path.read_text() == before


def test_a_file_that_has_changed_is_not_overwritten(console: Console) -> None:
    before = console.path.read_text()
    file = console.file
    console.path.write_text(f"{before}# changed elsewhere\n")
    text = file["text"].replace("gen1", "gen2")
    answer = console.post("apply", {"etag": file["etag"], "edit": {"text": text}})
    assert (answer.status, answer.code) == (409, "file_changed")
    assert answer.json["etag"] == console.file["etag"] != file["etag"]
    assert console.path.read_text() == f"{before}# changed elsewhere\n"
    console.path.write_text(before)


def test_what_is_not_taken_is_put_back(console: Console) -> None:
    before = console.path.read_bytes()
    answer = console.edit("apply", {"plugin": 0, "config": console.config(version="nowhere")})
    assert (answer.status, answer.code) == (409, "not_taken")
    assert "version: not here, with masked-apiTokens-" in answer.json["error"]["message"]
    assert console.path.read_bytes() == before
    assert console.run.version() == "gen1"
    until(lambda: console.run.logged("not taken, and put back"))


def test_a_new_secret_is_masked_from_then_on(console: Console) -> None:
    new = "brand-new-secret-zzzzzzzz"
    tokens = [new, *console.config()["apiTokens"][1:]]
    checked = console.edit("check", {"plugin": 0, "config": console.config(apiTokens=tokens)})
    assert checked.json["ok"] is True
    assert new.encode() not in checked.body
    assert checked.json["diff"].count("masked-apiTokens-") >= 2


@pytest.mark.slow
def test_a_watched_file_is_loaded_once_for_each_change(tmp_path: Path) -> None:
    with running(tmp_path, "--native", "--watch") as console:
        assert console.edit("apply", {"plugin": 0, "config": console.config(version="gen2")}).json["generation"] == 2
        assert console.edit("apply", {"plugin": 0, "config": console.config(version="nowhere")}).code == "not_taken"
        console.path.write_text(console.path.read_text().replace("version: gen2", "version: gen3"))
        until(lambda: console.run.version() == "gen3")
        until(lambda: console.get("about")["reload"]["generation"] == 3)
        assert console.file["is_serving"] is True
        # What was changed elsewhere is kept before the next change of the console.
        assert console.edit("apply", {"plugin": 0, "config": console.config(version="gen4")}).json["generation"] == 4
        assert [entry["how"] for entry in console.get("history")["entries"]] == ["edit", "found", "edit", "found"]
