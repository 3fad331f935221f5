"""Estimates how many tokens a text has, for services that do not count tokens themselves.

The bytes of a text are sorted into classes (lower-case letters, digits, Cyrillic, ...), and each class has a weight:
the tokens of one character. The weights were fitted to tokenizers whose vocabularies are public. The command
`python -m benchmarks.token_estimate` shows how far the estimate is off.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Weights(NamedTuple):
    """Tokens of one character of each class."""

    word: float
    """For each beginning of a word in ASCII letters."""
    lower: float
    upper: float
    digit: float
    punctuation: float
    line: float
    """Line breaks and tabs."""
    latin: float
    """Latin letters with marks."""
    greek: float
    cyrillic: float
    hebrew: float
    arabic: float
    thai: float
    indic: float
    symbol: float
    """Dashes, quotes, arrows, and full-width forms."""
    kana: float
    han: float
    hangul: float
    emoji: float


_OPENAI: Final = Weights(
    word=0.6, lower=0.11, upper=0.28, digit=0.59, punctuation=0.59, line=0.83, latin=1.11, greek=0.45, cyrillic=0.32,
    hebrew=0.46, arabic=0.38, thai=0.44, indic=0.38, symbol=0.97, kana=0.83, han=0.89, hangul=0.83, emoji=1.41,
)  # fmt: skip
_QWEN: Final = Weights(
    word=0.33, lower=0.18, upper=0.27, digit=1.16, punctuation=0.53, line=0.53, latin=1.19, greek=1.04, cyrillic=0.41,
    hebrew=0.48, arabic=0.42, thai=0.57, indic=1.18, symbol=0.87, kana=0.77, han=0.63, hangul=0.96, emoji=1.64,
)  # fmt: skip
_DEEPSEEK: Final = Weights(
    word=0.62, lower=0.11, upper=0.42, digit=0.59, punctuation=0.63, line=0.83, latin=1.95, greek=0.54, cyrillic=0.37,
    hebrew=0.51, arabic=0.43, thai=0.46, indic=0.75, symbol=1.15, kana=0.85, han=0.56, hangul=0.94, emoji=1.77,
)  # fmt: skip

_OF_VENDOR: Final = {"openai": _OPENAI, "gemini": _OPENAI, "gemma": _OPENAI, "deepseek": _DEEPSEEK}
"""Vocabularies of more than 200,000 tokens, as OpenAI's and Google's, need fewer tokens for most scripts. All other
vendors have the weights of Qwen."""


def _classes() -> bytes:
    """The class of each byte. In UTF-8 the first byte of a character tells its script, mostly."""
    table = bytearray(b"-" * 256)
    for code in range(128):
        one = chr(code)
        table[code] = ord(
            "l" if one.islower() else "u" if one.isupper() else "d" if one.isdigit()
            else " " if one == " " else "n" if one in "\t\n\r" else "p"
        )  # fmt: skip
    for first, last, name in (
        (0xC2, 0xCD, "x"), (0xCE, 0xCF, "y"), (0xD0, 0xD6, "z"), (0xD7, 0xD7, "w"), (0xD8, 0xDF, "h"),
        (0xE0, 0xE0, "i"), (0xE2, 0xE2, "s"), (0xE3, 0xE3, "k"), (0xE4, 0xE9, "c"), (0xEA, 0xED, "g"),
        (0xEE, 0xEF, "s"), (0xF0, 0xF7, "e"),
    ):  # fmt: skip
        for code in range(first, last + 1):
            table[code] = ord(name)
    return bytes(table)


_CLASSES: Final = _classes()


def estimate(text: str, vendor: str = "") -> int:
    """The tokens of a text for a model of this vendor. Takes a few passes in C over the bytes."""
    weights = _OF_VENDOR.get(vendor, _QWEN)
    data = text.encode(errors="replace")
    classes = data.translate(_CLASSES)
    count = classes.count
    tokens = (
        weights.word * (count(b" l") + count(b" u") + count(b"pl"))
        + weights.lower * count(b"l")
        + weights.upper * count(b"u")
        + weights.digit * count(b"d")
        + weights.punctuation * count(b"p")
        + weights.line * count(b"n")
    )
    if len(data) != len(text):
        thai = data.count(b"\xe0\xb8") + data.count(b"\xe0\xb9")
        tokens += (
            weights.latin * count(b"x")
            + weights.greek * count(b"y")
            + weights.cyrillic * count(b"z")
            + weights.hebrew * count(b"w")
            + weights.arabic * count(b"h")
            + weights.thai * thai
            + weights.indic * (count(b"i") - thai)
            + weights.symbol * count(b"s")
            + weights.kana * count(b"k")
            + weights.han * count(b"c")
            + weights.hangul * count(b"g")
            + weights.emoji * count(b"e")
        )
    return max(round(tokens), 1) if text else 0
