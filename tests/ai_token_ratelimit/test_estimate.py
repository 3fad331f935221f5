"""What a request is expected to use."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ai_token_ratelimit.estimate import IMAGE_TOKENS, estimate


def of(document: Any, path: str = "/v1/chat/completions") -> tuple[int, int]:
    return estimate(path, json.dumps(document).encode(), 4, 1000)


@pytest.mark.parametrize(
    ("document", "output"),
    [
        ({}, 1000),
        ({"max_tokens": 50}, 50),
        ({"max_completion_tokens": 70}, 70),
        ({"max_output_tokens": 90, "max_tokens": 5}, 90),
        ({"max_tokens": 50, "n": 3}, 150),
        ({"max_tokens": 50, "n": 0}, 50),
        ({"max_tokens": 10**14}, 10**9),
        ({"max_tokens": 10**30}, 1000),
        ({"max_tokens": -5}, 1000),
        ({"max_tokens": 5.5}, 1000),
        ({"max_tokens": "5"}, 1000),
        ({"messages": [{"content": '"max_tokens": 5'}]}, 1000),
    ],
)
def test_output(document: dict[str, Any], output: int) -> None:
    assert of(document)[1] == output
    assert of(document, "/v1/embeddings?x=1")[1] == 0


def test_input_is_a_part_of_the_bytes() -> None:
    assert of({"messages": "x" * 400})[0] == -(-len(json.dumps({"messages": "x" * 400})) // 4)


def test_a_file_does_not_count_by_its_size() -> None:
    image = base64.b64encode(bytes(range(256)) * 4000).decode()
    given, _ = of({"messages": [{"content": [{"image_url": {"url": f"data:image/png;base64,{image}"}}]}]})
    assert IMAGE_TOKENS < given < IMAGE_TOKENS + 50


def test_any_bytes_have_an_estimate() -> None:
    assert estimate("/", b"", 4, 10) == (0, 10)
    assert estimate("/", b"\xff" * 100_000, 4, 10) == (25_000, 10)
