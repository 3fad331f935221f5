"""The comparison of HTTP stacks, and of `proxywasm serve` with other gateways."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT
from tests.host.serve_process import free_port

from benchmarks.http_stacks.smuggling import BAD_REQUESTS
from proxywasm_host.gateway.live.http1.messages import MessageError, RequestHead
from proxywasm_host.gateway.live.http1.requests import RequestReader


class Ignored:
    def on_head(self, head: RequestHead) -> None: ...

    def on_body(self, data: bytes) -> None: ...

    def on_end(self, rest: bytes, trailers: Any) -> None: ...


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_our_reader_refuses_each_bad_request(name: str) -> None:
    with pytest.raises(MessageError):
        RequestReader(Ignored(), scheme="http", largest_head=65_536).feed(BAD_REQUESTS[name])


def run(*words: str) -> Any:
    file = Path(words[-1])
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text())


@pytest.mark.exhaustive
def test_every_column_of_a_stack_is_measured(tmp_path: Path) -> None:
    (row,) = run("benchmarks.http_stacks", "serve", "--seconds", "0.5", "--json", str(tmp_path / "rows.json"))
    assert row["requests"] > 0
    assert row["chunks"] > 0
    assert row["passed"] == []
    assert row["failures"] == 0


@pytest.mark.exhaustive
def test_serve_is_measured_beside_a_gateway_that_runs(tmp_path: Path) -> None:
    """The peer is the model service itself: a gateway that costs nothing."""
    port = str(free_port())
    options = ["--upstream-port", port, "--peer", f"direct=http://127.0.0.1:{port}", "--seconds", "0.5"]
    found = run("benchmarks.serve", *options, "--rounds", "2", "--json", str(tmp_path / "rows.json"))
    ours, direct = found["gateways"]
    assert (ours["name"], direct["name"]) == ("proxywasm serve", "direct")
    assert len(ours["requests"]) == len(ours["chunk_cost"]) == len(direct["chunks"]) == 2
    assert ours["failures"] == direct["failures"] == 0
    assert ours["memory"] > 0
    assert min(found["demo_to_first_answer"]) > 0
