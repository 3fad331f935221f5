"""The gateways of a comparison: ours, which is started here, and those that run already."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from proxywasm_host.building.flagship import flagship

_STARTING_SECONDS: Final = 300.0
_RUN: Final = "from proxywasm_host.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class Gateway:
    """`pid`: its process, if memory and processor time are to be told."""

    name: str
    port: int
    pid: int | None = None
    headers: Sequence[str] = ()


@contextlib.contextmanager
def ours(upstream: int, folder: Path, processor: int) -> Iterator[Gateway]:
    """Converts each chat to DashScope's own protocol and back, in Wasm."""
    port = free_port()
    provider = {
        "type": "qwen",
        "apiTokens": ["sk-0123456789abcdef0123456789"],
        "modelMapping": {"*": "qwen-max"},
        "qwenEnableCompatible": False,
    }
    document = {
        "listen": f"127.0.0.1:{port}",
        "plugins": [{"name": "ai-proxy", "source": str(flagship()), "config": {"provider": provider}}],
        "routes": [{"name": "models", "match": {"path_prefix": "/v1/"}}],
        "upstreams": {"dashscope.aliyuncs.com": f"http://127.0.0.1:{upstream}"},
    }
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    with _process(["serve", str(file)], processor) as process:
        _wait_for_answer(port, process)
        yield Gateway("proxywasm serve", port, process.pid)


def seconds_to_first_answer(processor: int) -> float:
    """From the start of `proxywasm serve --demo` to the end of the first chat."""
    port = free_port()
    began = time.perf_counter()
    with _process(["serve", "--demo", "--port", str(port)], processor) as process:
        _wait_for_answer(port, process)
        return time.perf_counter() - began


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def _process(words: Sequence[str], processor: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(  # noqa: S603  # us
        [sys.executable, "-c", _RUN, *words],
        stdout=subprocess.DEVNULL,
    ) as process:
        os.sched_setaffinity(process.pid, {processor})
        try:
            yield process
        finally:
            process.terminate()


def _wait_for_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]})
    end = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < end and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
        except OSError:
            time.sleep(0.01)
        else:
            if answer.status != 200:
                raise RuntimeError(f"the gateway answers with status {answer.status}")
            return
        finally:
            connection.close()
    raise RuntimeError("the gateway does not answer")
