"""docs/adding-a-provider.md works as it stands: its files are made, and its commands run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.ai_proxy.gateway import Json

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "adding-a-provider.md").read_text(encoding="utf-8")
PROXYWASM = Path(sys.executable).with_name("proxywasm")

BLOCKS: list[tuple[str, str, str]] = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
"""Language, name of the file (none: a command), text."""


def steps() -> list[tuple[dict[str, str], str]]:
    """The commands in their order, each with the files that there are by then."""
    files: dict[str, str] = {}
    found = []
    for language, name, text in BLOCKS:
        if language == "sh":
            found.append((dict(files), text.strip()))
        else:
            files[name] = text
    return found


STEPS = steps()


def run(folder: Path, step: int, command: str) -> subprocess.CompletedProcess[str]:
    for name, text in STEPS[step][0].items():
        (folder / name).write_text(text, encoding="utf-8")
    program, *words = shlex.split(command)
    assert program == "proxywasm"
    return subprocess.run([PROXYWASM, *words], cwd=folder, capture_output=True, text=True, check=False)


def test_the_page_has_both_steps() -> None:
    assert [sorted(files) for files, _ in STEPS] == [
        ["chat.json", "my_proxy.py"],
        ["acme_protocol.py", "chat.json", "my_proxy.py", "stream.json"],
    ]


def test_one_row_is_a_provider(tmp_path: Path) -> None:
    done = run(tmp_path, 0, STEPS[0][1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 same" in done.stdout


@pytest.mark.parametrize("flavour", ["native", pytest.param("wasm", marks=pytest.mark.slow)])
def test_a_row_and_a_service_protocol_are_a_provider(tmp_path: Path, flavour: str) -> None:
    command = STEPS[1][1]
    done = run(tmp_path, 1, f"{command} --native" if flavour == "native" else command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 same" in done.stdout


def test_errors_and_refusals_are_as_the_page_describes(tmp_path: Path) -> None:
    chat = json.loads(STEPS[1][0]["stream.json"])

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
    done = run(tmp_path, 1, "proxywasm replay --native --json --plugin my_proxy.py odd.json")
    answer, stream, cut, region, no_region = [json.loads(line) for line in done.stdout.splitlines()]
    assert json.loads("".join(answer["downstream"]["body"]))["error"]["message"] == "out of turns"
    for result, told in ((stream, "out of turns"), (cut, "closed the stream")):
        text = "".join(result["downstream"]["body"])
        assert told in text
        assert "[DONE]" not in text
    assert region["error"] in PAGE
    assert no_region["error"].startswith("provider.acmeRegion: is required")


def test_what_the_page_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (DOCS / target).is_file(), target
    for path in re.findall(r"`((?:plugins|tests)/[\w/.]+)`", PAGE):
        assert (DOCS.parent / path).exists(), path
