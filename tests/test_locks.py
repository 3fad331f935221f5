"""The locks of `build.sh`: the versions of pyproject.toml with all that they need, each by its hashes."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .conftest import ROOT

EXTRAS = ["host", "envoy", "dev"]
ENTRY = re.compile(r"([a-z0-9-]+)==(\S+)(?: ; ([^\\\n]+?))?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


@cache
def locked(extra: str) -> dict[str, str]:
    """The version of each package; raises for a lock that has anything else in it, such as the address of an index."""
    text = (ROOT / "locks" / f"{extra}.txt").read_text()
    entries = ENTRY.findall(text)
    assert "".join(match[0] for match in ENTRY.finditer(text)) == text
    return {name: version for name, version, _, _ in entries}


def required(extra: str) -> Iterator[Requirement]:
    """What pyproject.toml says, the extras that an extra has in it included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for text in project["optional-dependencies"][extra]:
        requirement = Requirement(text)
        if requirement.name == project["name"]:
            for inner in requirement.extras:
                yield from required(inner)
        else:
            yield requirement


def built_with() -> Iterator[Requirement]:
    lines = (ROOT / "locks" / "build.in").read_text().splitlines()
    yield from (Requirement(line) for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_lock_has_the_versions_of_the_project(extra: str) -> None:
    for requirement in (*required(extra), *built_with()):
        version = locked(extra)[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_what_builds_the_package_is_in_the_locks() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(locked("host")[requirement.name])


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_lock_has_all_that_its_packages_need_here(extra: str) -> None:
    waiting = [*required(extra), *built_with()]
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        assert requirement.specifier.contains(locked(extra)[name]), requirement
        if name not in seen:
            seen.add(name)
            needed = map(Requirement, importlib.metadata.requires(name) or [])
            waiting += [each for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]


def test_locks_agree_with_each_other() -> None:
    for smaller, larger in (("host", "envoy"), ("envoy", "dev")):
        assert locked(smaller).items() <= locked(larger).items()
