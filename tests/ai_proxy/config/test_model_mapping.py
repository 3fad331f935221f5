"""`modelMapping`: exact, then prefixes and expressions, then the star."""

from __future__ import annotations

import pytest

from ai_proxy.config.model_mapping import compile_mapping
from proxywasm import ConfigError


def mapped(table: dict[str, str], model: str) -> str:
    return compile_mapping(table).of(model)


@pytest.mark.parametrize(
    ("table", "model", "result"),
    [
        ({}, "m", "m"),
        ({"a": "x"}, "m", "m"),
        ({"m": "x", "m*": "y", "*": "z"}, "m", "x"),
        ({"m*": "y", "*": "z"}, "model", "y"),
        ({"*": "z"}, "model", "z"),
        ({"m*": "short", "mod*": "long", "*": "z"}, "model", "long"),
        ({"m": "", "*": "z"}, "m", "m"),
        ({"m*": "", "*": "z"}, "model", "model"),
        ({"*": ""}, "m", "m"),
        ({"~m": "regex", "m*": "prefix"}, "m1", "regex1"),
        ({"m*": "prefix", "~m": "regex"}, "m1", "prefix"),
        # Entry 21 of the weaknesses: the last star of an expression belongs to it.
        ({"~^a.*": "x"}, "abc", "x"),
        ({"~gpt": "qwen"}, "gpt-gpt", "qwen-qwen"),
        (
            {r"~^(\w+)-(?P<size>\d+)b$": "${size}B/$1"}, "llama-70b", "70B/llama",
        ),
        ({r"~^(?<a>x)": "$a$$"}, "xy", "x$y"),
        ({"~^(x)": "$1y"}, "xz", "z"),  # As in Go: `1y` is a name, and no such group is empty.
        ({"~(a)|(b)": "[$1$2]"}, "b", "[b]"),
        ({"~(?i)GPT": "x"}, "gpt", "x"),
        ({r"~^[[:alpha:]]+\z": "x"}, "gpt", "x"),
        ({r"~^\d+$": "x"}, "٣", "٣"),  # RE2's digits are ASCII
    ],
)  # fmt: skip
def test_mapping(table: dict[str, str], model: str, result: str) -> None:
    assert mapped(table, model) == result


@pytest.mark.parametrize("expression", ["~(", "~a(?=b)", "~(?<!a)b", r"~(a)\1", "~a**", "~[b-a]", "~(?>a)"])
def test_syntax_that_re2_refuses_is_refused_at_load(expression: str) -> None:
    with pytest.raises(ConfigError, match="not a regular expression"):
        mapped({expression: "x"}, "m")
