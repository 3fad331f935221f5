"""Many reloads, in both engines, under many streams, and of how much memory they leave behind.

`-m exhaustive -s` shows how long new streams have to wait for the new configuration, and the memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from tests import bundle
from tests.host.gateway.both import Engine
from tests.host.gateway.reload.paced import paced
from tests.host.gateway.reload.process import GatewayFile, Stream, document, plugin, watching

pytestmark = pytest.mark.exhaustive
RELOADS = 50
STREAMS = 200
FIRST = 100
"""Reloads after which everything has been used once: those that follow must not take more memory."""
ALL = 500


@pytest.fixture
def source(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    if engine == "envoy":
        module: Path = request.getfixturevalue("bundle_module")
        return module
    request.getfixturevalue("bundle_component")
    return bundle.write_source(tmp_path / "bundle")


def test_no_stream_is_dropped_or_changed(engine: Engine, tmp_path: Path, source: Path) -> None:
    """Streams of events and WebSockets begin before and between the reloads, and all get all their pieces."""
    with paced() as upstream:
        file = GatewayFile(tmp_path / "gateway.yaml", document(upstream.port, "v000", source))
        file.save()
        with watching(engine, file) as run:
            streams: list[tuple[str, Stream]] = []
            waited: list[float] = []
            for number in range(RELOADS + 1):
                version = f"v{number:03}"
                if number:
                    file.save(plugins=[plugin(source, version)])
                    saved = time.monotonic()
                    run.wait_for_version(version)
                    waited.append(time.monotonic() - saved)
                while len(streams) < STREAMS * (number + 1) // (RELOADS + 1):
                    streams.append((version, Stream(run.port, websocket=len(streams) % 2 == 1)))
                upstream.step()
                for _, stream in streams:
                    stream.next()
            upstream.step(last=True)
            for place, (version, stream) in enumerate(streams):
                stream.next()
                if place % 2:
                    stream.close()
                else:
                    stream.finish()
                    assert stream.versions == {version.encode()}
            assert len(streams) == STREAMS
            print(f"from a save to an answer of the new version: {median(waited):.2f} s, at most {max(waited):.2f} s")


def test_memory_is_flat(engine: Engine, tmp_path: Path, source: Path) -> None:
    with paced() as upstream:
        file = GatewayFile(tmp_path / "gateway.yaml", document(upstream.port, "v000", source))
        file.save()
        used: list[int] = []
        with watching(engine, file) as run:
            for number in range(1, ALL + 1):
                file.save(plugins=[plugin(source, f"v{number:03}")])
                run.wait_for_version(f"v{number:03}")
                if number in (FIRST, ALL):
                    used.append(sum(map(resident, processes(run.process.pid))))
            print("bytes of memory after", FIRST, "and", ALL, "reloads:", *used)
        before, after = used
        assert after < 1.05 * before


def processes(parent: int) -> Iterator[int]:
    yield parent
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        yield from processes(int(child))


def resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
