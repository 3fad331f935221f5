"""A console for several workers, on a listener of its own, with its token in the environment."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tests.host.gateway.console.running import TOKEN, Console, running
from tests.host.gateway.reload.process import Stream, until
from tests.host.serve_process import free_port


@pytest.mark.slow
def test_it_sees_all_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_TEST_TOKEN", TOKEN)
    own = free_port()
    more = f"  listen: 127.0.0.1:{own}\n  hosts: [console.example]\nworkers: 2"
    with running(tmp_path, "--native", more=more, token="token_env: CONSOLE_TEST_TOKEN") as console:
        assert console.ask("GET", "/api/about").status == 404  # `admin` has only its own pages
        console.port = own
        assert console.get("about")["workers"] == 2
        assert console.ask("GET", "/api/about", host="console.example", origin="https://console.example").status == 200
        streams: list[Stream] = []
        while {row["worker"] for row in console.get("streams")["open"]} != {0, 1}:
            streams.append(Stream(console.run.port))
            assert len(streams) < 50
        lines = console.get("log")["lines"]
        assert {line["worker"] for line in lines if line["source"] == "keeper"} == {0, 1}
        assert len({line["id"] for line in lines}) == len(lines)
        applied = console.edit("apply", {"plugin": 0, "config": console.config(version="gen2")}).json
        assert applied["generation"] == 2
        streams += [Stream(console.run.port) for _ in range(20)]
        console.upstream.step()
        for stream in streams:
            stream.next()
            stream.close()
        assert [stream.versions for stream in streams] == [{b"gen1"}] * (len(streams) - 20) + [{b"gen2"}] * 20
        assert {row["generation"] for row in console.get("streams")["ended"]} <= {1, 2}
        assert console.post("recordings/start", {}).json["recording"]["left"] == 2  # of each worker
        _kill_a_worker(console)
        assert console.post("recordings/stop", {}).json["recording"]["active"] is False
        assert console.get("log")["lines"][-1]["worker"] is None  # of the supervisor


def _kill_a_worker(console: Console) -> None:
    """Another one takes its place, and the console asks that."""
    children = Path(f"/proc/{console.run.process.pid}/task/{console.run.process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    console.run.wait_for("it is started again")

    def is_back() -> bool:
        metrics = console.get("metrics")["metrics"]
        memory = [each["value"] for each in metrics if each["name"] == "proxywasm_resident_memory_bytes"]
        return len(memory) == 2 and all(memory)

    until(is_back)
