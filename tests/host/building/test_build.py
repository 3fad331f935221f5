"""Building components: what gets in, what is reused, and what an author sees when the plugin does not import."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from proxywasm.wire import LogLevel, PluginFailure
from proxywasm_host.building.build import BuildError, build
from proxywasm_host.building.staging import StagingError, collect
from proxywasm_host.cli.main import main
from proxywasm_host.services import HostServices
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import ComponentError, Engine

PLUGIN = """\
from typing import Any

import beside
from proxywasm import HttpContext, Plugin

plugin: Plugin[Any] = Plugin("mine")


@plugin.on_request_headers
def headers(ctx: HttpContext, config: Any) -> None:
    import colorsys  # not loaded by anything else
    import datetime

    when = datetime.datetime.strptime("2025", "%Y")
    ctx.request_headers["x-mine"] = f"{beside.NAME} {colorsys.__name__} {when.year} {'é'.encode('utf-16-le').hex()}"
    if ctx.path == "/fail":
        raise ValueError("on purpose")
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without components."""
    monkeypatch.setenv("PROXYWASM_CACHE_DIR", str(tmp_path / "cache"))


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_staging_takes_the_plugin_the_sdk_and_what_they_import(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "mine/__init__.py": "from .code import plugin\n",
            "mine/code.py": "import json, beside\nfrom click.core import Command\nimport not_there\n",
            "mine/data.txt": "",
            "mine/__pycache__/code.pyc": "",
            "beside.py": "import further\n",
            "further/__init__.py": "",
            "unrelated.py": "",
        },
    )
    staging = collect(tmp_path / "mine")
    names = set(staging.files)
    assert {"mine/__init__.py", "mine/code.py", "mine/data.txt", "beside.py", "further/__init__.py"} <= names
    assert {"proxywasm/plugin.py", "click/core.py"} <= names
    assert not [name for name in names if "pycache" in name or "unrelated" in name or name.startswith("json")]


def test_codecs_that_the_plugin_names_are_loaded_with_it(tmp_path: Path) -> None:
    source = 'import beside\nCHARSETS = ["GB18030", \'euc-kr\', "koi8-r", "base64", "oem", "no-codec"]\n'
    write(tmp_path, {"mine.py": source, "beside.py": 'text = b"".decode("sjis")\n'})
    collect(tmp_path / "mine.py").copy_to(tmp_path / "staged")
    loaded = set(re.findall(r"encodings\.(\w+)", (tmp_path / "staged" / "proxywasm_plugin.py").read_text()))
    assert {"gb18030", "euc_kr", "koi8_r", "shift_jis", "utf_16"} <= loaded
    assert not loaded & {"base64_codec", "oem", "no_codec", "big5", "gbk"}


def test_the_digest_changes_with_names_and_contents(tmp_path: Path) -> None:
    path = write(tmp_path, {"mine.py": "a = 1\n"}) / "mine.py"
    first = collect(path).digest()
    assert collect(path).digest() == first
    path.write_text("a = 2\n")
    assert collect(path).digest() != first


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "missing does not exist"),
        ("folder", "folder is neither a Python file nor a package folder with an __init__.py"),
        ("two-words.py", "'two-words' is not a name that Python can import"),
        ("json.py", "the name 'json' is taken by a module that every component has"),
        ("proxywasm.py", "the name 'proxywasm' is taken"),
    ],
)
def test_a_path_that_is_no_plugin_is_refused(name: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, {"folder/readme.txt": "", "two-words.py": "", "json.py": "", "proxywasm.py": ""})
    with pytest.raises(StagingError, match=message):
        collect(tmp_path / name)


def test_no_link_leads_out_of_the_folders_of_the_plugin(tmp_path: Path) -> None:
    """Otherwise a plugin that others have written takes along what only whoever builds it can read."""
    write(tmp_path, {"secret.txt": "", "secrets/__init__.py": "", "src/mine/__init__.py": "import beside, inside\n"})
    package = tmp_path / "src" / "mine"
    links = {
        package / "data.txt": tmp_path / "secret.txt",
        package / "folder": tmp_path / "secrets",
        package / "gone.txt": tmp_path / "none",
        package / "further.txt": Path("../beside.txt"),
        package.parent / "beside.py": tmp_path / "secret.txt",
        package.parent / "inside": tmp_path / "secrets",
    }
    for link, target in links.items():
        link.symlink_to(target)
        with pytest.raises(StagingError) as caught:
            collect(package)
        assert str(caught.value).startswith(f"{link} is a link to {(link.parent / target).resolve()}, out of ")
        assert str(caught.value).endswith("; put a copy in its place")
        link.unlink()


def test_links_within_the_plugin_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"mine/__init__.py": "", "mine/data/a.txt": "a", "other/mine.py": ""})
    (tmp_path / "mine" / "b.txt").symlink_to("data/a.txt")
    (tmp_path / "mine" / "loop").symlink_to(".")
    (tmp_path / "mine.py").symlink_to("other/mine.py")
    staging = collect(tmp_path / "mine")
    assert staging.contents["mine/b.txt"] == b"a"
    assert not [name for name in staging.files if "loop" in name]
    assert collect(tmp_path / "mine.py").module == "mine"


def test_what_a_plugin_brings_along_is_bounded(tmp_path: Path) -> None:
    write(tmp_path, {"mine/__init__.py": ""})
    for number in range(5):
        with (tmp_path / "mine" / f"{number}.bin").open("wb") as file:
            file.truncate(60 * 2**20)
    with pytest.raises(StagingError, match=r"4\.bin: the files of the plugin have more than 256 MiB; remove some"):
        collect(tmp_path / "mine")
    with (tmp_path / "mine" / "0.bin").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(StagingError, match=r"0\.bin: is larger than 64 MiB"):
        collect(tmp_path / "mine")


ENDLESS = """\
from proxywasm import Plugin

plugin = Plugin("endless")


def wait() -> None:
    while True:
        pass


wait()
"""
HOARDING = "kept = []\nwhile True:\n    kept.append(bytearray(1_000_000))\n"
SPEAKING = "while True:\n    print('x' * 1000)\n"


@pytest.mark.exhaustive
def test_a_module_that_never_stops_importing_is_ended_and_its_line_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXYWASM_BUILD_SECONDS", "60")
    path = write(tmp_path, {"endless.py": ENDLESS}) / "endless.py"
    with pytest.raises(
        BuildError, match=r"endless\.py:[78]: importing the plugin is not done after 60 seconds: "
    ) as caught:
        build(path)
    assert "PROXYWASM_BUILD_SECONDS gives it more time" in str(caught.value)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("source", "error"), [(HOARDING, "MemoryError"), (SPEAKING, "BrokenPipeError")])
def test_a_module_that_takes_without_end_is_told_its_line(tmp_path: Path, source: str, error: str) -> None:
    path = write(tmp_path, {"mine.py": source}) / "mine.py"
    with pytest.raises(BuildError) as caught:
        build(path)
    assert re.search(rf'mine\.py", line [23], in <module>\n(?s:.*){error}', str(caught.value))


def test_the_time_for_a_build_is_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXYWASM_BUILD_SECONDS", "1e9")
    with pytest.raises(BuildError, match="PROXYWASM_BUILD_SECONDS is a whole number of seconds, from 1 to 999999"):
        build(write(tmp_path, {"mine.py": ""}) / "mine.py")


@pytest.mark.slow
def test_a_component_runs_and_is_built_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "src", {"mine.py": PLUGIN, "beside.py": "NAME = 'beside'\n"})
    first = tmp_path / "dist" / "mine.wasm"
    result = CliRunner().invoke(main, ["build", str(tmp_path / "src" / "mine.py"), "-o", str(first)])
    what = re.escape(f"{tmp_path}/src/mine.py: compiling Python to WebAssembly")
    said = rf"{what}\n{what}: done in \d+ s\n{re.escape(str(first))}: built, \d+\.\d MB\n"
    assert re.fullmatch(said, result.stderr), "where there is no terminal, a build says when it begins and ends"
    caplog.clear()
    again = build(tmp_path / "src" / "mine.py", tmp_path / "other.wasm")
    assert again.cached
    assert caplog.messages == []
    assert (tmp_path / "other.wasm").read_bytes() == first.read_bytes()

    kept = build(tmp_path / "src" / "mine.py").path
    kept.write_bytes(kept.read_bytes().replace(b"x-mine", b"x-main"))
    with pytest.raises(ComponentError, match="was changed after it was built"):
        Engine(optimize=False).load(kept)
    steps: list[str] = []
    repaired = build(tmp_path / "src" / "mine.py", first, progress=steps.append)
    assert steps[-2:] == ["collecting sources", "compiling mine and CPython to WebAssembly"]
    assert not repaired.cached, "the damaged one is not handed out"

    program = ComponentProgram(Engine(optimize=False).load(repaired.path), HostServices())
    program.configure("{}", LogLevel.INFO)
    outcome = program.on_request_headers(1, [(":path", "/")], True)
    assert "beside colorsys 2025 e900" in repr(outcome)
    with pytest.raises(PluginFailure, match=r'File "/0/mine\.py", line 17, in headers\n(?s:.*)ValueError: on purpose'):
        program.on_request_headers(2, [(":path", "/fail")], True)


@pytest.mark.slow
def test_the_authors_traceback_is_shown_with_real_paths(tmp_path: Path) -> None:
    source = "from proxywasm import Plugin\n\ndef broken() -> None:\n    import ssl\n\nbroken()\n"
    path = write(tmp_path, {"mine/__init__.py": "from . import code\n", "mine/code.py": source}) / "mine"
    with pytest.raises(BuildError) as caught:
        build(path, tmp_path / "out.wasm")
    message = str(caught.value)
    assert f'File "{path / "__init__.py"}", line 1, in <module>' in message
    assert f'File "{path / "code.py"}", line 4, in broken' in message
    assert "ModuleNotFoundError: No module named '_ssl'" in message
    assert "The CPython in a component has no module _ssl" in message
    assert "adapters/component.py" not in message
    assert "Stack backtrace" not in message
    assert not (tmp_path / "out.wasm").exists()


@pytest.mark.exhaustive
def test_a_module_without_a_plugin_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, {"mine.py": "plugin = 1\n"}) / "mine.py"
    with pytest.raises(BuildError, match=r"mine\.py has no attribute `plugin` that is a proxywasm\.Plugin"):
        build(path)
