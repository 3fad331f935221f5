"""`npm run build` makes the pages that are in the package, and `npm test` passes, in a copy with nothing installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.host.gateway.pages.test_built import WEB

from proxywasm_host.gateway.pages.built import FOLDER

pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the sources of the pages, and an empty folder for what is built."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(WEB, root / "web", ignore=shutil.ignore_patterns("node_modules"))
    (root / "docs").mkdir()
    shutil.copy(WEB.parent / "docs" / "ai-proxy.schema.json", root / "docs")  # for tests of the console's form
    npm(root, "ci")
    return root


def npm(root: Path, *words: str) -> None:
    program = shutil.which("npm")
    assert program, "this test needs npm, which comes with Node.js"
    done = subprocess.run([program, *words], cwd=root / "web", check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_build_makes_the_same_bytes_anywhere(root: Path) -> None:
    npm(root, "run", "build")
    built = root / FOLDER.relative_to(WEB.parent)
    assert {path.name: path.read_bytes() for path in built.iterdir()} == {
        path.name: path.read_bytes() for path in FOLDER.iterdir()
    }


def test_functions_that_need_no_browser(root: Path) -> None:
    npm(root, "test")
