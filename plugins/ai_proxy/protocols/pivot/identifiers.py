"""Names of tools and ids of calls, for services and clients that accept fewer of them than others.

A name or id that is not accepted is replaced by one that depends on nothing but itself: it is the same in each request
of a conversation, in a call and in its result.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes


class NameRule(NamedTuple):
    """What a service accepts as a name: characters and length."""

    pattern: re.Pattern[str]
    """Matches names that are accepted."""
    refused: re.Pattern[str]
    """Matches each character that is not."""
    longest: int


OPENAI_NAMES: Final = NameRule(re.compile(r"[A-Za-z0-9_-]{1,64}"), re.compile(r"[^A-Za-z0-9_-]"), 64)
"""Source: OpenAI API reference, "Create chat completion", `tools.function.name`; the same: AWS, "ToolSpecification"."""
ANTHROPIC_NAMES: Final = NameRule(re.compile(r"[A-Za-z0-9_-]{1,128}"), OPENAI_NAMES.refused, 128)
"""Source: platform.claude.com, "Create a Message", `tools.name`."""
GOOGLE_NAMES: Final = NameRule(
    re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}"), re.compile(r"[^A-Za-z0-9_.:-]|^[^A-Za-z_]"), 64
)
"""Source: cloud.google.com/vertex-ai, "FunctionDeclaration", `name`; Gemini's API accepts these, too."""

_DIGITS: Final = 8


def tool_name(name: str, rule: NameRule) -> str:
    """The name, or an accepted one that begins like it. It ends with a checksum, so two names never become the same.

    >>> tool_name("a.b", OPENAI_NAMES)
    'a_b_2b70dd2a'
    """
    if rule.pattern.fullmatch(name):
        return name
    start = rule.refused.sub("_", name)[: rule.longest - _DIGITS - 1] or "tool"
    return f"{start}_{_checksum(name)[:_DIGITS]}"


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


AWS_IDS: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Source: AWS, "ToolUseBlock", `toolUseId`."""
ANTHROPIC_IDS: Final = re.compile(r"[A-Za-z0-9_-]+")
"""Source: the error of Anthropic's API, "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"."""
OPENAI_IDS: Final = re.compile(r".{1,40}", re.DOTALL)
"""Source: the error of OpenAI's API, "Invalid 'messages[2].tool_calls[0].id': string too long. Expected a string with
maximum length 40"."""
MISTRAL_IDS: Final = re.compile(r"[A-Za-z0-9]{9}")
"""Source: the error of Mistral's API, "Tool call id was ... but must be a-z, A-Z, 0-9, with a length of 9."."""

_ESCAPED: Final = "esc-"
_SPECIAL: Final = re.compile(r"[^A-Za-z0-9_]+")


def call_id(given: str, accepted: re.Pattern[str]) -> str:
    """The id of a call, or an accepted id in its place."""
    if accepted.fullmatch(given):
        return given
    escaped = escaped_id(given) if given else ""
    if accepted.fullmatch(escaped):
        return escaped
    digits = _checksum(given)
    hashed = f"call_{digits[:24]}"
    return hashed if accepted.fullmatch(hashed) else digits[:9]


def escaped_id(given: str) -> str:
    """The id for clients of Anthropic's protocol, which accept only letters, digits, `_` and `-`.

    >>> escaped_id("functions.get_weather:0")
    'esc-functions-2Eget_weather-3A0'
    """
    if ANTHROPIC_IDS.fullmatch(given) and not given.startswith(_ESCAPED):
        return given
    return _ESCAPED + _SPECIAL.sub(_escape, given)


def _escape(found: re.Match[str]) -> str:
    return "".join(f"-{byte:02X}" for byte in found[0].encode(errors="surrogatepass"))


def unescaped_id(given: str) -> str:
    """The service's own id, of which `escaped_id` made this one. Any other id is returned unchanged.

    >>> unescaped_id("esc-functions-2Eget_weather-3A0"), unescaped_id("toolu_1")
    ('functions.get_weather:0', 'toolu_1')
    """
    if not given.startswith(_ESCAPED):
        return given
    raw = unquote_to_bytes(given.removeprefix(_ESCAPED).replace("-", "%"))
    try:
        original = raw.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return given
    return original if escaped_id(original) == given else given
