"""`proxywasm envoy --run --watch`: the same in a real Envoy, whose listener is never replaced."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.host.gateway.reload.paced import paced
from tests.host.gateway.reload.process import GatewayFile, Running, Stream, document, plugin, until, watching
from tests.host.serve_process import free_port

pytestmark = [pytest.mark.envoy, pytest.mark.usefixtures("envoy")]
DRAIN = 1


def test_plugins_routes_and_upstreams_change_under_streams(tmp_path: Path, bundle_module: Path) -> None:
    """The streams outlive Envoy's drain time, which a new listener would have ended them with."""
    admin = free_port()
    with paced() as upstream, paced() as other:
        keys = {"admin": f"127.0.0.1:{admin}", "limits": {"drain": DRAIN}}
        file = GatewayFile(tmp_path / "gateway.yaml", document(upstream.port, "gen1", bundle_module, **keys))
        file.save()
        with watching("envoy", file) as run:
            first, websocket = Stream(run.port), Stream(run.port, websocket=True)
            # The upstream of the streams goes, another one comes, with a route of its own and a second plugin.
            second_plugin = {**plugin(bundle_module, "gen3"), "name": "second"}
            file.save(
                plugins=[plugin(bundle_module, "gen2"), second_plugin],
                routes=[
                    {"name": "new", "match": {"path": "/stream"}, "upstream": "other"},
                    {"name": "whole", "match": {"path": "/whole"}, "upstream": "other"},
                ],
                upstreams={"other": f"http://127.0.0.1:{other.port}"},
            )
            until(lambda: run.version() == "gen2")
            changed = time.monotonic()
            until(lambda: run.logged("loaded again"))
            assert run.ask("/nowhere")[0] == 404
            second = Stream(run.port)
            assert 'cluster_manager.cds.version_text: "configuration 2"' in run.ask("/stats", admin)[2]

            good = file.path.read_text()
            refused = [
                (good[: len(good) // 2], "gateway.yaml:"),
                (good.replace("drain: 1", "drain: 2"), "limits.drain: cannot change while the gateway runs"),
                # A module is not asked natively: it is Envoy that refuses this one.
                (good.replace("gen2", "none"), "Envoy refuses the new plugins.0; its log says why"),
            ]
            for number, (text, why) in enumerate(refused, 1):
                file.save_text(text)
                run.wait_for("not loaded, configuration 2 serves on: ", number)
                assert why in run.logged("not loaded, ")[-1]
                assert run.version() == "gen2"
                wait_until_shown(run, admin, why)
                assert "\nruntime.admin_overrides_active: 1\n" in run.ask("/stats", admin)[2]

            file.save_text(good.replace("gen2", "gen4"))
            until(lambda: run.version() == "gen4")
            until(lambda: "\nruntime.admin_overrides_active: 0\n" in run.ask("/stats", admin)[2])
            time.sleep(max(changed + DRAIN + 0.5 - time.monotonic(), 0))
            for source, streams in ((upstream, [first, websocket]), (other, [second])):
                source.step()
                for stream in streams:
                    stream.next()
                source.step(last=True)
                for stream in streams:
                    stream.next()
            first.finish()
            second.finish()
            websocket.close()
            # In the order of responses the second plugin comes first.
            assert (first.versions, second.versions) == ({b"gen1"}, {b"gen3"})


def wait_until_shown(run: Running, admin: int, error: str) -> None:
    def is_shown() -> bool:
        entry = json.loads(run.ask("/runtime", admin)[2])["entries"].get("proxywasm.config.error")
        return entry is not None and error in entry["final_value"]

    until(is_shown)
