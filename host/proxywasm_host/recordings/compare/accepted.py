"""The results that a recording accepts for its exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Result: TypeAlias = Mapping[str, Any]


def accepted(raw: Mapping[str, Any]) -> list[Result]:
    """The results that an entry of an exchange file accepts: `expect`, and `expect` changed by `expect_main`."""
    expect: Result = raw["expect"]
    if (semantic := raw.get("expect_semantic")) is not None:
        # The stream was cut at difficult places, where the original may go wrong: the result of the uncut one counts.
        body = semantic if isinstance(semantic, list) else [semantic]
        expect = {**expect, "downstream": {**(expect["downstream"] or {"headers": []}), "body": body}}
    main = raw.get("expect_main")
    return [expect, {**expect, **main}] if main else [expect]
