"""The built pages in the package are those of the sources in `web/`."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from proxywasm_host.gateway.pages.built import FOLDER, files
from tools.page_sizes import PAGE, first_loads, with_table

WEB = Path(__file__).parents[4] / "web"
PARTS = ("build", "package-lock.json", "package.json", "src", "tsconfig.json")
"""What the pages are made of, as in web/build/sources.mjs."""


def hash_of_sources() -> str:
    found = [path for part in PARTS for path in (WEB / part, *(WEB / part).rglob("*")) if path.is_file()]
    names = {path.relative_to(WEB).as_posix(): path for path in found}
    whole = hashlib.sha256()
    for name in sorted(names):
        whole.update(f"{name}\0{hashlib.sha256(names[name].read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def test_the_pages_are_built_of_the_sources_as_they_are() -> None:
    built = json.loads((FOLDER / "manifest.json").read_text())["sources"]
    assert built == hash_of_sources(), "the built pages are older than web/: run `npm ci && npm run build` there"


def test_the_manifest_lists_every_file_with_its_hash() -> None:
    assert {*files(), "manifest.json"} == {path.name for path in FOLDER.iterdir()}
    for name, file in files().items():
        assert hashlib.sha256(file.contents).hexdigest() == file.sha256, name


@pytest.mark.parametrize("page", ["playground", "arena", "console"])
def test_a_page_loads_only_files_that_are_there_and_has_nothing_inline(page: str) -> None:
    text = files()[f"{page}.html"].contents.decode()
    loaded = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert loaded
    assert {each.removeprefix("pages/") for each in loaded} <= set(files())
    assert not re.search(r"<style|style=|<script(?![^>]* src=)|\son\w+=", text)


def test_files_that_pages_load_have_a_hash_in_their_names() -> None:
    assert [
        name for name, file in files().items() if file.has_hash_in_name and not re.search(r"-[A-Z0-9]{8}\.\w+$", name)
    ] == []


def test_no_address_of_a_registry_is_in_the_lock_file() -> None:
    assert '"resolved"' not in (WEB / "package-lock.json").read_text()


def test_the_first_load_of_each_page_is_below_150_kilobytes() -> None:
    loads = first_loads()
    assert {*loads} == {"playground", "arena", "console"}
    assert max(loads.values()) < 150_000


def test_the_documentation_has_the_sizes_as_they_are() -> None:
    """`python -m tools.page_sizes` writes them."""
    page = PAGE.read_text()
    assert with_table(page) == page
