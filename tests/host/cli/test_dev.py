"""`proxywasm dev` as its user sees it: in a terminal, with an editor beside it."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest
from click.testing import CliRunner
from tests.host.gateway.both import exchange
from tests.host.serve_process import TOOL, free_port

from proxywasm_host.cli.main import main
from proxywasm_host.gateway.plugin_gateway import PluginGateway
from proxywasm_host.gateway.values import Address
from proxywasm_host.gateway.watching import source_folders

SECONDS = 300.0
PLUGIN = Path(__file__).parents[3] / "host" / "proxywasm_host" / "cli" / "templates" / "my_plugin" / "my_plugin.py"
TIME = r"\d\d:\d\d:\d\d  "


@dataclass
class Terminal:
    """What has been shown, and the keyboard."""

    process: subprocess.Popen[bytes]
    port: int
    keyboard: int
    raw: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def shown(self) -> str:
        """Without colours and movements of the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.raw)

    def read(self, screen: int) -> None:
        with contextlib.suppress(OSError):  # the other side of a terminal has been closed
            while data := os.read(screen, 1 << 16):
                with self.changed:
                    self.raw += data.decode().replace("\r\n", "\n")
                    self.changed.notify_all()

    def wait_for(self, pattern: str, count: int = 1) -> re.Match[str]:
        def found() -> list[re.Match[str]]:
            return [*re.finditer(pattern, self.shown, re.M)]

        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, SECONDS), self.shown
            return found()[count - 1]

    def type(self, text: str) -> None:
        os.write(self.keyboard, text.encode())

    def get(self, path: str = "/", *headers: str) -> tuple[int, bytes]:
        status, _, body = exchange(self.port, f"GET {path} HTTP/1.1", "host: a", *headers)
        return status, body


@contextlib.contextmanager
def developing(folder: Path, *words: str, terminal: bool = True, port: int | None = None) -> Iterator[Terminal]:
    port = port or free_port()
    if "gateway.yaml" not in words:
        words = (*words, "--port", str(port))
    screen, inside = pty.openpty() if terminal else os.pipe()
    stdin = inside if terminal else subprocess.DEVNULL
    with subprocess.Popen(
        [TOOL, "dev", *words], cwd=folder, stdin=stdin, stdout=inside, stderr=inside, start_new_session=True
    ) as process:
        os.close(inside)
        running = Terminal(process, port, screen)
        reader = threading.Thread(target=running.read, args=(screen,))
        reader.start()
        try:
            yield running
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(SECONDS)
            reader.join(SECONDS)
            os.close(screen)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(PLUGIN, tmp_path)
    return tmp_path


def test_an_author_sees_each_stream_each_save_and_each_fault(folder: Path) -> None:
    file = folder / "my_plugin.py"
    good = file.read_text()
    with developing(folder) as run:
        run.wait_for(f"ready: http://127.0.0.1:{run.port}$")
        run.wait_for(rf"^  curl http://127.0.0.1:{run.port}/hello$")
        assert b"X-GREETING: HELLO, WORLD" in run.get("/hello?key=sk-secret")[1]
        run.wait_for(rf"{TIME}.*GET     /hello +.*200.*  first +[\d.]+ m?s  all +[\d.]+ m?s +\d+ bytes  echo$")
        assert "sk-secret" not in run.shown
        run.get("/events")
        run.wait_for(r"GET     /events +.*200.*  first .* 3 events  echo$")

        file.write_text(good.replace("hello, ", "bye, "))
        run.wait_for("my_plugin.py changed")
        run.wait_for(r"loaded in [\d.]+ m?s; new streams are served by version 2")
        assert b"X-GREETING: BYE, WORLD" in run.get()[1]

        file.write_text(good.replace("chunk.upper()", "chunk.upper("))
        run.wait_for(r"not loaded; version 2 serves on")
        run.wait_for(
            r"^    my_plugin.py: cannot be imported: SyntaxError: .*never closed \(my_plugin.py:22\)\n\n    Traceback"
        )
        run.wait_for(r"^        return chunk.upper\($")
        assert b"X-GREETING: BYE, WORLD" in run.get()[1]

        file.write_text(good.replace("chunk.upper()", "{}['nothing']"))
        run.wait_for("new streams are served by version 3")
        run.get("/fails")
        run.wait_for(r"Traceback \(most recent call last\):\n  File .*my_plugin.py\", line 22, in shout$")
        run.wait_for("KeyError: 'nothing'")
        run.wait_for(r"GET     /fails .*broken off")

        file.unlink()
        run.wait_for("my_plugin.py: is not there any more")
        file.write_text("import helper\n" + good)
        run.wait_for(r"ModuleNotFoundError: No module named 'helper' \(my_plugin.py:1\)")
        (folder / "helper.py").write_text("x = 1\n")  # a module that comes later than what imports it
        run.wait_for("new streams are served by version 4")
        run.type("r\n")
        run.wait_for("loading again")
        run.wait_for("new streams are served by version 5")
        run.type("q\n")
        assert run.process.wait(SECONDS) == 0


@pytest.mark.exhaustive
def test_ten_saves_in_a_second_are_one_load(folder: Path) -> None:
    file = folder / "my_plugin.py"
    text = file.read_text()
    with developing(folder) as run:
        run.wait_for("ready: ")
        for number in range(10):
            file.write_text(text[: len(text) // 2])  # an editor that is not done yet
            file.write_text(text.replace("hello", f"number {number}"))
            time.sleep(0.02)
        run.wait_for("new streams are served by version 2")
        while b"NUMBER 9" not in run.get()[1]:
            run.wait_for("new streams are served by version 3")  # the machine has slept between the saves
        assert "not loaded" not in run.shown


def test_a_plugin_that_is_broken_at_first_starts_with_the_save_that_mends_it(folder: Path) -> None:
    file, config = folder / "my_plugin.py", folder / "config.yaml"
    config.write_text("nmae: you\n")
    text = file.read_text()
    file.write_text("import nothing\n")
    with developing(folder, "my_plugin.py", "--config", "config.yaml", terminal=False) as run:
        run.wait_for("not started; waiting for a change\n    my_plugin.py: cannot be imported: ModuleNotFoundError")
        file.write_text(text)
        run.wait_for(r"^    config.yaml:1: nmae: unknown key; did you mean name")
        config.write_text("name: you\n")
        run.wait_for("ready: ")
        assert b"X-GREETING: HELLO, YOU" in run.get()[1]
        config.write_text("name: [\n")
        run.wait_for(r"not loaded; version 1 serves on\n    config.yaml:\d: ")
        assert "\x1b" not in run.raw  # no colours outside of a terminal
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(SECONDS) == 0


def test_a_gateway_file_is_served_as_it_is(folder: Path) -> None:
    with socket.socket() as upstream:
        upstream.bind(("127.0.0.1", 0))  # nobody listens there
        port, own = free_port(), upstream.getsockname()[1]
        (folder / "gateway.yaml").write_text(
            f"{{listen: '127.0.0.1:{port}', workers: 2, plugins: [{{name: a, source: my_plugin.py}}],"
            f" routes: [{{name: all, upstream: there}}], upstreams: {{there: 'http://127.0.0.1:{own}'}}}}"
        )
        with developing(folder, "gateway.yaml", port=port) as run:
            run.wait_for("ready: ")
            assert run.get()[0] == 503
            run.wait_for(r"GET     / +.*503.*  there$")
            run.type("\x04")  # Ctrl-D, or the end of the terminal
            assert run.process.wait(SECONDS) == 0


@pytest.mark.parametrize(("words", "message"), [
    (["--upstream", "ftp://a"], "error: --upstream: expected the URL of a server"),
    (["nothing.py"], "error: nothing.py is not there"),
    (["gateway.yaml", "--port", "80"], "--upstream, --config and --port are not for a gateway file"),
])  # fmt: skip
def test_wrong_arguments_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, ["dev", *words])
    assert done.exit_code == 2
    assert message in done.output


def test_a_port_that_is_in_use_is_named_before_anything_starts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = CliRunner().invoke(main, ["dev", "--port", port])
    assert (done.exit_code, done.output) == (
        2,
        f"error: --port: 127.0.0.1:{port} cannot be used: another process listens at port {port}; stop it, or change"
        " `--port`\n",
    )


def test_a_package_is_served_from_its_own_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder / "packaged"
    package.mkdir()
    shutil.move(folder / "my_plugin.py", package / "__init__.py")
    monkeypatch.chdir(package)
    source = PluginGateway(Path(), None, Address("127.0.0.1", 8080), ("echo", "http://127.0.0.1:1"))
    [plugin] = source.read().plugins
    assert (plugin.name, plugin.source) == ("packaged", package)
    assert {package, folder} <= source_folders(source.read())


@pytest.mark.exhaustive
@pytest.mark.parametrize(("words", "saves"), [([], 20), (["--wasm"], 2)], ids=["native", "wasm"])
def test_each_save_is_answered_and_the_old_version_answers_until_then(
    folder: Path, words: list[str], saves: int
) -> None:
    """`-s` shows the time from a save to the first answer of the new version."""
    file = folder / "my_plugin.py"
    text = file.read_text()
    with developing(folder, *words, terminal=False) as run:
        run.wait_for("ready: ")
        waited: list[float] = []
        before = b"HELLO, WORLD"
        for _ in range(saves):
            new = f"{time.time_ns()}"  # so that no cache has it
            saved = time.monotonic()
            file.write_text(text.replace("hello, ", new))
            while new.encode() not in (answer := run.get()[1]):
                assert before in answer
                time.sleep(0.02)  # a client in a hurry would take the processor that the load needs
            waited.append(time.monotonic() - saved)
            before = new.encode()
        print(f"from a save to its answer: {median(waited):.2f} s, at most {max(waited):.2f} s")
