"""docs/adding-a-provider.md works as written: the test writes its files and runs its commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.guide import Guide

GUIDE = Guide.read("adding-a-provider.md")
ONE_ROW, BOTH = GUIDE.steps


def test_the_page_has_both_steps() -> None:
    assert [sorted(step.files) for step in GUIDE.steps] == [
        ["chat.json", "my_proxy.py"],
        ["acme_protocol.py", "chat.json", "my_proxy.py", "stream.json"],
    ]


def test_one_row_is_a_provider(tmp_path: Path) -> None:
    done = ONE_ROW.run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 same" in done.stdout


@pytest.mark.parametrize("flavour", ["native", pytest.param("wasm", marks=pytest.mark.exhaustive)])
def test_a_row_and_a_service_protocol_are_a_provider(tmp_path: Path, flavour: str) -> None:
    done = BOTH.run(tmp_path, *(["--native"] if flavour == "native" else []))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 same" in done.stdout


def test_errors_and_refusals_are_as_the_page_says(tmp_path: Path) -> None:
    chat = json.loads(BOTH.files["stream.json"])

    def variant(name: str, body: bytes, **settings: object) -> Json:
        kind = "application/json" if name == "answer" else "text/event-stream"
        return {
            "name": name,
            "config": {"provider": {**chat["config"]["provider"], **settings}},
            "request": chat["request"],
            "response": {"headers": [[":status", "200"], ["content-type", kind]], "body": [body.decode()]},
        }

    odd = [
        variant("answer", b'{"oops": "out of turns"}'),
        variant("stream", b'data: {"id": "a", "says": "H"}\n\ndata: {"oops": "out of turns"}\n\n'),
        variant("cut", b'data: {"id": "a", "says": "H"}\n\n'),
        variant("region", b"", acmeRegion="asia"),
        variant("no-region", b"", acmeRegion=None),
    ]
    (tmp_path / "odd.json").write_text(json.dumps(odd), encoding="utf-8")
    done = BOTH.run(tmp_path, command="proxywasm replay --native --json --plugin my_proxy.py odd.json")
    answer, stream, cut, region, no_region = [json.loads(line) for line in done.stdout.splitlines()]
    assert json.loads("".join(answer["downstream"]["body"]))["error"]["message"] == "out of turns"
    for result, expected in ((stream, "out of turns"), (cut, "closed the stream")):
        text = "".join(result["downstream"]["body"])
        assert expected in text
        assert "[DONE]" not in text
    assert region["error"] in GUIDE.page
    assert no_region["error"].startswith("provider.acmeRegion: is required")


def test_what_the_page_links_to_is_there() -> None:
    GUIDE.check_links()
