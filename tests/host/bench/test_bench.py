"""`proxywasm bench`: the rows of an author's plugin, and what the soak starts from."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from proxywasm import HttpContext, Plugin
from proxywasm.adapters.native import native_program
from proxywasm_host.bench import BenchError, exchanges
from proxywasm_host.bench.measure import resident
from proxywasm_host.building.flagship import flagship
from proxywasm_host.cli.main import main
from proxywasm_host.recordings.exchange import Exchange, Message

RECORDING = Path(__file__).parents[2] / "recordings" / "qwen-native-stream.json"
REQUEST = Message([(":method", "POST"), (":path", "/"), (":authority", "example.com")], (b"question",))
RESPONSE = Message([(":status", "200")], (b"a", b"b"))


def bench(*words: object) -> Result:
    return CliRunner().invoke(main, ["bench", *map(str, words)])


@pytest.mark.usefixtures("ai_proxy_component")
def test_an_authors_plugin_is_measured_with_its_exchanges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "_ROUNDS", 2)
    monkeypatch.setattr(exchanges, "_SECONDS", 0.001)
    result = bench("--plugin", flagship(), "--json", tmp_path / "rows.json", RECORDING)
    assert result.exit_code == 0, result.output
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert [row["name"].partition(": ")[2] for row in rows] == [
        "the request, with its body and the answers to call-outs",
        "the headers of the response",
        "a chunk of the response, on average",
        "the whole exchange",
        "fresh instances, until their first exchange is done",
        "memory of the instances afterwards",
    ]
    for row in rows[:4]:
        assert row["baseline"] > 0
        assert row["value"] > 0
    whole, parts = rows[3]["value"], [row["value"] for row in rows[:3]]
    assert whole > max(parts)
    assert "| qwen-native-stream: the whole exchange |" in result.stdout


def counting(seen: list[str], *, fails: bool = False) -> exchanges.Start:
    plugin: Plugin[dict[str, Any]] = Plugin("counting")

    @plugin.on_request_headers
    def ask(ctx: HttpContext, config: dict[str, Any]) -> None:
        if fails:
            raise LookupError("on purpose")
        seen.append(config["name"])

    return lambda services: native_program(plugin, services)


def test_a_chain_is_measured_as_a_whole() -> None:
    seen: list[str] = []
    exchange = Exchange("chain", "", REQUEST, RESPONSE, chain=('{"name": "first"}', '{"name": "second"}'))
    running = exchanges.Instances([counting(seen), counting(seen)], exchange)
    assert set(running.round()) == {"request", "headers", "chunk", "exchange"}
    assert seen[:4] == ["first", "second"] * 2
    with pytest.raises(BenchError, match="chain: has 2 configurations, for 1 plugins"):
        exchanges.Instances([counting(seen)], exchange)


def test_an_exchange_without_a_response_has_no_rows_for_it() -> None:
    exchange = Exchange("alone", '{"name": "a"}', REQUEST)
    assert set(exchanges.Instances([counting([])], exchange).round()) == {"request", "exchange"}
    ends = replace(exchange, response=Message([(":status", "204")]))
    assert set(exchanges.Instances([counting([])], ends).round()) == {"request", "headers", "exchange"}


def test_a_plugin_that_fails_is_not_measured() -> None:
    exchange = Exchange("failing", '{"name": "a"}', REQUEST, RESPONSE)
    with pytest.raises(BenchError, match=r"failing: the plugin has logged an error: (?s:.*)LookupError: on purpose"):
        exchanges.Instances([counting([], fails=True)], exchange)


def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    assert "--plugin needs exchange files" in bench("--plugin", "x.py").stderr
    assert "without exchange files" in bench("--envoy", RECORDING).stderr
    assert "none.json: cannot be read" in bench("--plugin", flagship(), tmp_path / "none.json").stderr


SCRIPT = """
from proxywasm_host.bench.measure import resident
from proxywasm_host.bench.setup import IDENTITY, built
from proxywasm_host.wasm.engine import Engine

component = Engine().load(built(IDENTITY))
print(resident())
"""


def run() -> int:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.exhaustive
@pytest.mark.skipif(resident() is None, reason="nobody knows how much memory a process uses")
def test_a_first_run_starts_with_no_more_memory_than_a_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXYWASM_CACHE_DIR", str(tmp_path / "cache"))
    first = run()
    assert first <= 1.2 * run()
