"""What the examples' own short tests leave out of the Go examples' behaviour, natively."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxywasm import ConfigError
from proxywasm.testing import TestHost

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_a_request_block_without_rules_is_refused() -> None:
    with pytest.raises(ConfigError, match="no block rules"):
        TestHost(EXAMPLES / "request_block.py", {"blocked_code": 429})


def test_status_and_message_of_a_blocked_request_are_configured() -> None:
    host = TestHost(EXAMPLES / "request_block.py", {"blocked_code": 429, "blocked_message": "no", "block_urls": ["x"]})
    stream = host.request(path="/x")
    assert (stream.downstream.status, stream.downstream.text) == (429, "no")


def test_case_matters_if_it_is_configured_so() -> None:
    host = TestHost(EXAMPLES / "request_block.py", {"case_sensitive": True, "block_urls": ["Secret"]})
    assert host.request(path="/secret").upstream
    assert host.request(path="/Secret").reply


def test_rules_by_domain_override_the_global_ones() -> None:
    rule = {"_match_domain_": ["custom.example.com"], "blocked_code": 451, "block_urls": ["mine"]}
    host = TestHost(EXAMPLES / "request_block.py", {"block_urls": ["all"], "_rules_": [rule]})
    assert host.request(path="/all").downstream.status == 403
    assert host.request(path="/all", host="custom.example.com").upstream
    assert host.request(path="/mine", host="custom.example.com").downstream.status == 451


def test_bodies_are_not_read_without_rules_for_them() -> None:
    host = TestHost(EXAMPLES / "request_block.py", {"block_urls": ["x"]})
    stream = host.open()
    stream.request_headers("POST", "/")
    assert stream.request_body("passes at once") == b"passes at once"


def test_every_example_has_a_short_test_and_a_line_in_the_table() -> None:
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for plugin in EXAMPLES.glob("*.py"):
        if plugin.name.startswith("test_"):
            continue
        test = EXAMPLES / f"test_{plugin.name}"
        assert len(test.read_text(encoding="utf-8").splitlines()) <= 32, test
        assert f"`{plugin.name}`" in table
