"""When the failures of a plugin fail its test."""

from __future__ import annotations

import pytest

from proxywasm_host.testing import PluginFailedError
from proxywasm_host.testing.failures import Failures


def test_a_failure_is_reported_once_and_at_the_end_at_the_latest() -> None:
    failures = Failures(tolerate=False)
    failures.note(ValueError("first"))
    with pytest.raises(PluginFailedError, match="first"):
        failures.report_at_the_end()
    failures.report()


def test_what_fails_again_after_a_report_does_not_fail_the_end_of_the_test() -> None:
    """In a real gateway the ticks of a plugin whose failure the test expects run until it is closed."""
    failures = Failures(tolerate=False)
    failures.note(ValueError("expected"))
    with pytest.raises(PluginFailedError, match="expected"):
        failures.report()
    failures.note(ValueError("again"))
    failures.report_at_the_end()
    assert failures.texts == ["expected", "again"]
