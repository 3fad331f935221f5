"""`proxywasm serve` with several processes, as a user starts it."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.host.cli.test_serve import ROOT, TOOL, free_port

COUNTING = ROOT / "tests" / "host" / "gateway" / "live" / "plugins" / "counting.py"
SECONDS = 60
STORE = re.compile(r" (/\S*/proxywasm-[^/\s]+)/data\.mdb$", re.MULTILINE)


class Gateway:
    """The process of a gateway, and what it has logged."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        self.log: list[str] = []
        assert process.stderr
        self._reader = threading.Thread(target=self._read, args=(process.stderr,))
        self._reader.start()

    def _read(self, file: Iterator[str]) -> None:
        for line in file:
            self.log.append(line)

    def get(self, path: str) -> str:
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def lines(self, pattern: str) -> list[str]:
        """What the group of the pattern has matched."""
        return [found[1] for line in [*self.log] if (found := re.search(pattern, line))]

    def workers(self) -> dict[int, str]:
        """The processes of the workers by their ids, each with what it was started with."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(child): Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ") for child in children}

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        return code


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.02)


def document(folder: Path, *lines: str, plugin: Path = COUNTING) -> Path:
    file = folder / "gateway.yaml"
    routes = 'routes: [{name: all, upstream: nowhere}]\nupstreams: {nowhere: "http://127.0.0.1:9"}\n'
    head = f"listen: 127.0.0.1:{free_port()}\nworkers: 2\nplugins: [{{name: counting, source: {plugin}}}]\n"
    file.write_text(head + routes + "".join(f"{line}\n" for line in lines))
    return file


@contextlib.contextmanager
def serving(file: Path, *words: str) -> Iterator[Gateway]:
    with subprocess.Popen(
        [TOOL, "serve", file, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        found = re.fullmatch(r"ready: http://(.+)\n", line)
        assert found, line + (process.stderr.read() if process.stderr and not line else "")
        gateway = Gateway(process, found[1])
        try:
            yield gateway
            if process.poll() is None:
                assert gateway.end() == 0, gateway.log
        finally:
            process.kill()


def leaders(gateway: Gateway) -> list[str]:
    return gateway.lines(r"worker (\d+): .* this instance leads")


def test_two_workers_count_together_and_one_of_them_leads(tmp_path: Path) -> None:
    with serving(document(tmp_path), "--native") as gateway:
        with ThreadPoolExecutor(8) as pool:
            counted = sorted(map(int, pool.map(gateway.get, ["/count"] * 100)))
            assert counted == [*range(1, 101)]
            assert max(map(int, pool.map(gateway.get, ["/metric"] * 100))) == 100
        until(lambda: leaders(gateway))
        [first] = leaders(gateway)
        before = gateway.workers()
        assert len(before) == 2
        [leader] = [pid for pid, command in before.items() if command.endswith(f" worker-{first} ")]
        os.kill(leader, signal.SIGKILL)
        until(lambda: len(leaders(gateway)) == 2)
        # A lease lasts a minute: the dead leader's was withdrawn.
        assert gateway.lines(rf"worker {first} \(pid \d+\) has ended by (\w+); it is started again") == ["SIGKILL"]
        until(lambda: len(gateway.workers()) == 2)
        assert len(gateway.workers().keys() - before.keys()) == 1
        # Connections that the system gives to the socket of the dead worker wait for its successor.
        with ThreadPoolExecutor(8) as pool:
            assert sorted(map(int, pool.map(gateway.get, ["/count"] * 20))) == [*range(101, 121)]
    assert "Traceback" not in "".join(gateway.log)
    assert len(leaders(gateway)) <= 3


@pytest.mark.exhaustive  # it builds the plugin
def test_two_workers_count_together_in_wasm(tmp_path: Path) -> None:
    with serving(document(tmp_path)) as gateway, ThreadPoolExecutor(8) as pool:
        assert sorted(map(int, pool.map(gateway.get, ["/count"] * 40))) == [*range(1, 41)]


def test_workers_end_with_their_parent_and_leave_nothing(tmp_path: Path) -> None:
    with serving(document(tmp_path), "--native") as gateway:
        workers = gateway.workers()
        stores = {found[1] for pid in workers for found in STORE.finditer(Path(f"/proc/{pid}/maps").read_text())}
        assert len(stores) == 1
        gateway.process.kill()
        gateway.process.wait(SECONDS)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        assert not Path(stores.pop()).exists()
        with pytest.raises(ConnectionRefusedError):
            gateway.get("/count")


def test_what_keeps_workers_from_starting_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_that_name\n")
    file = document(tmp_path, plugin=broken)
    done = subprocess.run(
        [TOOL, "serve", file, "--native"], capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 2
    assert "the plugin 'counting' cannot be imported: ModuleNotFoundError" in done.stderr
    assert "Traceback" not in done.stderr
    assert "it is started again" not in done.stderr


def test_a_port_in_use_is_one_line_also_if_its_user_shares_it(tmp_path: Path) -> None:
    file = document(tmp_path)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        host, _, port = file.read_text().split("\n")[0].removeprefix("listen: ").partition(":")
        taken.bind((host, int(port)))
        taken.listen()
        done = subprocess.run(
            [TOOL, "serve", file, "--native"], capture_output=True, text=True, check=False, timeout=SECONDS
        )
    assert done.returncode == 2
    assert "cannot be used: another process listens at port " in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_worker_finishes_what_it_has_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        file = document(tmp_path)
        file.write_text(file.read_text().replace(':9"', f':{upstream.getsockname()[1]}"'))
        with serving(file, "--native") as gateway, ThreadPoolExecutor(1) as pool:
            answer = pool.submit(gateway.get, "/")
            connection, _ = upstream.accept()
            connection.recv(65536)
            gateway.process.send_signal(signal.SIGTERM)
            host, _, port = gateway.address.partition(":")

            def refused() -> bool:
                with socket.socket() as probe:
                    return probe.connect_ex((host, int(port))) != 0

            until(refused)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone")
            assert answer.result(SECONDS) == "done"
            assert gateway.process.wait(SECONDS) == 0
            connection.close()
