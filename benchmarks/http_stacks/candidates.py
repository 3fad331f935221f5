"""The candidates, and how each is started."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .servers import PORT

_SERVERS = f"{__package__}.servers"
_APPLICATION = f"{_SERVERS}.asgi_client:application"


@dataclass(frozen=True, slots=True)
class Start:
    words: Sequence[str]
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    name: str
    title: str
    packages: Sequence[str]
    """Whose versions are reported."""
    released: str
    """The month of the newest release of the package that does the work: the version in requirements.txt."""
    websockets: str
    start: Callable[[int, int, Path], Start]
    """From its port, that of the upstream and a folder for its files."""


def _aiohttp(port: int, upstream: int, folder: Path) -> Start:
    del folder
    return Start([sys.executable, "-m", f"{_SERVERS}.aiohttp_both_ways", str(port), str(upstream)], {})


def _uvicorn(port: int, upstream: int, folder: Path) -> Start:
    del folder
    options = ["--port", str(port), "--http", "httptools", "--loop", "asyncio", "--lifespan", "off"]
    return Start(
        [sys.executable, "-m", "uvicorn", "--factory", *options, "--log-level", "error", _APPLICATION],
        {PORT: str(upstream)},
    )


def _granian(port: int, upstream: int, folder: Path) -> Start:
    del folder
    options = ["--interface", "asginl", "--port", str(port), "--workers", "1", "--loop", "asyncio", "--no-log"]
    return Start([sys.executable, "-m", "granian", *options, "--factory", _APPLICATION], {PORT: str(upstream)})


def _ours(port: int, upstream: int, folder: Path, uvloop: bool = False) -> Start:
    file = folder / f"gateway-{port}.yaml"
    document = {
        "listen": f"127.0.0.1:{port}",
        "routes": [{"name": "all", "upstream": "upstream"}],
        "upstreams": {"upstream": f"http://127.0.0.1:{upstream}"},
    }
    file.write_text(json.dumps(document), encoding="utf-8")
    policy = "import uvloop, asyncio; asyncio.set_event_loop_policy(uvloop.EventLoopPolicy()); " if uvloop else ""
    code = f"{policy}from proxywasm_host.cli.main import main; main()"
    return Start([sys.executable, "-c", code, "serve", str(file)], {})


CANDIDATES = (
    Candidate("aiohttp", "aiohttp both ways", ["aiohttp"], "2026-10", "one message after the other", _aiohttp),
    Candidate(
        "uvicorn",
        "uvicorn with httptools, aiohttp's client",
        ["uvicorn", "httptools", "aiohttp"],
        "2026-09",
        "with the package `websockets`, one message after the other",
        _uvicorn,
    ),
    Candidate(
        "granian",
        "Granian, aiohttp's client",
        ["granian", "aiohttp"],
        "2026-11",
        "one message after the other",
        _granian,
    ),
    Candidate(
        "serve", "httptools on asyncio both ways: `proxywasm serve`", ["httptools"], "2026-10", "bytes pass", _ours
    ),
    Candidate(
        "serve-uvloop",
        "the same on uvloop",
        ["httptools", "uvloop"],
        "2026-09",
        "bytes pass",
        lambda port, upstream, folder: _ours(port, upstream, folder, uvloop=True),
    ),
)
