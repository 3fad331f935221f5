"""The console of a process of ours beside a real Envoy."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.host.gateway.console.running import Console, running
from tests.host.gateway.reload.process import Stream, until
from tests.host.serve_process import free_port

pytestmark = [pytest.mark.envoy, pytest.mark.usefixtures("envoy"), pytest.mark.exhaustive]


def test_it_changes_an_envoy_that_runs(tmp_path: Path) -> None:
    """The plugin is given as source, so that the console asks it what it accepts; it is built for Envoy."""
    own = free_port()
    with running(tmp_path, more=f"  listen: 127.0.0.1:{own}", engine="envoy", cache=False) as console:
        console.port = own
        about = console.get("about")
        assert (about["engine"], about["features"]) == ("envoy", ["edit", "history", "metrics", "log"])
        first = Stream(console.run.port)
        answer = console.edit("apply", {"plugin": 0, "config": console.config(version="none")})
        assert answer.json["problems"][0]["key"] == "plugins.0.config.version"
        before = console.path.read_text()
        assert console.edit("apply", {"plugin": 0, "config": console.config(version="gen2")}).json["generation"] == 2
        assert console.path.read_text() == before.replace("version: gen1 ", "version: gen2 ")
        until(lambda: console.run.version() == "gen2")
        console.upstream.step()
        first.next()
        first.close()
        assert first.versions == {b"gen1"}
        _tells(console)
        back = console.get("history")["entries"][-1]
        assert console.edit("apply", {"history": back["id"]}).status == 200
        until(lambda: console.run.version() == "gen1")
        assert console.path.read_text() == before


def _tells(console: Console) -> None:
    assert console.run.ask("/fail")[0] == 500

    def failed() -> bool:
        return any("RuntimeError: it fails" in (line["traceback"] or "") for line in console.get("log")["lines"])

    until(failed)
    lines = console.get("log")["lines"]
    assert any(line["source"] == "keeper" and line["message"].startswith("[stream ") for line in lines)
    assert any(line["source"] == "console" and "edit of" in line["message"] for line in lines)
    names = {metric["name"] for metric in console.get("metrics")["metrics"]}
    assert {"envoy_http_downstream_rq_total", "envoy_cluster_membership_change"} <= names
    until(lambda: (console.get("metrics/samples")["samples"] or [{"requests": 0}])[-1]["requests"])
    assert console.ask("GET", "/api/streams").status == 501
    with console.events("log,metrics,reload") as events:
        assert next(events)[0] == "reload"
