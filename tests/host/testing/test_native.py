"""What is special about plugins that run in the process of the test."""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from proxywasm import HttpContext, Plugin, log
from proxywasm.core import running
from proxywasm.testing import PluginFailedError, PluginImportError, TestHost

MANY = Path(__file__).parent / "plugins" / "many.py"


def make_plugin() -> tuple[Plugin[Any], list[float]]:
    plugin: Plugin[Any] = Plugin("local")
    drawn: list[float] = []

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: object) -> None:
        drawn.append(random.random())
        if ctx.path == "/raise":
            raise LookupError("nothing there")

    return plugin, drawn


def test_a_plugin_object_runs_as_it_is() -> None:
    plugin, drawn = make_plugin()
    TestHost(plugin).request()
    assert len(drawn) == 1


def test_the_test_keeps_its_own_clock_and_random_numbers() -> None:
    before, urandom = time.time(), os.urandom
    random.seed(7)
    expected = random.random()
    random.seed(7)
    plugin, drawn = make_plugin()
    host = TestHost(plugin)
    host.request()
    assert random.random() == expected != drawn[0]
    assert time.time() >= before
    assert os.urandom is urandom


def test_every_message_can_be_looked_at_however_many_there_are() -> None:
    plugin: Plugin[Any] = Plugin("talking")

    @plugin.on_request_headers
    def talk(_ctx: HttpContext, _config: object) -> None:
        for number in range(3000):
            log.info(str(number))

    host = TestHost(plugin)
    host.request()
    assert host.messages == [str(number) for number in range(3000)]


def test_a_property_that_is_empty_at_the_end_is_empty() -> None:
    plugin: Plugin[Any] = Plugin("emptying")
    plugin.on_request_headers(lambda ctx, _: ctx.plugin.set_property("note", b"of the plugin"))
    plugin.on_stream_done(lambda ctx, _: ctx.set_property(["note"], b""))
    stream = TestHost(plugin).request()
    assert stream.get_property("note") == b"of the plugin"
    stream.finish()
    assert stream.get_property("note") == b""


def test_what_the_plugin_raised_is_the_cause() -> None:
    with pytest.raises(PluginFailedError) as caught:
        TestHost(make_plugin()[0]).request(path="/raise")
    assert isinstance(caught.value.__cause__, LookupError)


def test_a_file_is_imported_anew_for_each_host(tmp_path: Path) -> None:
    for folder, word in (("a", "one"), ("b", "two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "words.py").write_text(f"WORD = {word!r}\n")
        (tmp_path / folder / "speaker.py").write_text(
            "from proxywasm import Plugin\nfrom words import WORD\nplugin = Plugin(WORD)\n"
            "@plugin.on_request_headers\n"
            "def speak(ctx, config):\n    ctx.request_headers['x-word'] = WORD\n"
        )
    path = list(sys.path)
    said = [
        TestHost(tmp_path / folder / "speaker.py").request().upstream.headers["x-word"] for folder in ("a", "b", "a")
    ]
    assert said == ["one", "two", "one"]
    assert sys.path == path


def test_a_file_that_imports_sleep_by_name_cannot_sleep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", running._system_sleep)  # as when nothing has been imported
    file = tmp_path / "sleeper.py"
    file.write_text(
        "from time import sleep\nfrom proxywasm import Plugin\nplugin = Plugin('sleeper')\n"
        "plugin.on_request_headers(lambda ctx, config: sleep(0.001))\n"
    )
    with pytest.raises(PluginFailedError, match="a plugin must not sleep"):
        TestHost(file).request()


def test_a_file_without_plugin_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty_plugin.py"
    file.write_text("")
    with pytest.raises(PluginImportError, match="no attribute `plugin`"):
        TestHost(file)


def test_a_file_that_raises_shows_its_own_lines(tmp_path: Path) -> None:
    file = tmp_path / "broken_plugin.py"
    file.write_text("import os\nraise LookupError('nothing there')\n")
    with pytest.raises(PluginImportError) as caught:
        TestHost(file)
    assert str(caught.value) == (
        f"the plugin cannot be imported\n\nTraceback (most recent call last):\n"
        f"  File \"{file}\", line 2, in <module>\n    raise LookupError('nothing there')\nLookupError: nothing there"
    )
