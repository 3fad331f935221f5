"""One gateway with a console for all tests: each leaves it as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.host.gateway.console.running import SECRETS, TOKEN, Console, running


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running(tmp_path_factory.mktemp("console"), "--native") as console:
        yield console


@pytest.fixture
def console(_running: Console) -> Iterator[Console]:
    """Whatever a test asks, neither answers nor the log of the console have a secret in them."""
    yield _running
    for told in _running.told:
        assert_without_secrets(told)
    _running.told.clear()
    assert TOKEN not in "".join(_running.run.log)


def assert_without_secrets(told: bytes) -> None:
    for name, secret in {**SECRETS, "token": TOKEN}.items():
        for written in (secret, json.dumps(secret)[1:-1]):
            assert written.encode() not in told, (name, told)
