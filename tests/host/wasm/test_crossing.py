"""Bodies cross without loss, and large ones in a form that takes little memory in a guest."""

from __future__ import annotations

import pytest

from proxywasm_host.wasm.crossing import to_bytes, to_payload


@pytest.mark.parametrize("unit", [b"a", "é".encode(), "你".encode(), "😀".encode(), b"\xff"])
@pytest.mark.parametrize("count", [1, 100_000])
def test_bodies_cross_without_loss(unit: bytes, count: int) -> None:
    data = unit * count
    case, text = to_payload(data)
    assert to_bytes((case, text.encode())) == data
    if count > 1:
        assert max(text) <= "\xff"  # Python keeps such a text with one byte for each character
