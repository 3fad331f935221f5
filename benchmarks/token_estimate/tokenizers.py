"""The numbers of tokens that public tokenizers count. Needs `requirements.txt`; nothing is downloaded."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

Count: TypeAlias = Callable[[str], int]

_QWENS_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def tokenizers() -> Mapping[str, Count]:
    """By the vendors of the weights in `ai_proxy.profiles.tokens`."""
    folder = _folder("litellm") / "litellm_core_utils" / "tokenizers"
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    tiktoken = import_module("tiktoken")
    openai = tiktoken.get_encoding("o200k_base")
    qwen = tiktoken.Encoding(
        "qwen",
        pat_str=_QWENS_PATTERN,
        mergeable_ranks=_ranks(_folder("dashscope") / "resources" / "qwen.tiktoken"),
        special_tokens={},
    )
    deepseek = import_module("tokenizers").Tokenizer.from_file(str(folder / "deepseek_tokenizer.json"))
    return {
        "openai": lambda text: len(openai.encode(text)),
        "qwen": lambda text: len(qwen.encode(text)),
        "deepseek": lambda text: len(deepseek.encode(text, add_special_tokens=False).ids),
    }


def _folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"{package} is missing; run: pip install -r benchmarks/token_estimate/requirements.txt")
    return Path(found.submodule_search_locations[0])


def _ranks(file: Path) -> dict[bytes, int]:
    lines = (line.split() for line in file.read_bytes().splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in lines}
