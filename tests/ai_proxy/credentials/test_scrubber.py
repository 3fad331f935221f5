"""Credentials are removed from texts, however they are escaped and wherever the text is cut."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from html import escape as html_escape
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame, header

from ai_proxy.credentials.scrubber import SHORTEST, Scrubber
from ai_proxy.pipeline.passed_streams import FramedStream, TextStream
from ai_proxy.protocols.bedrock.aws_event_stream import FrameDecoder

KEY = "sk-proj-Ab/9+x=_Zz.~8:q&w'0123456789"
KEYS = (KEY, "sk-proj-another+one/with%41percent", "sk-proj-7f3a")
SCRUBBER = Scrubber(KEYS)


def as_it_is(char: str) -> str:
    return char


def in_json(char: str) -> str:
    return f"\\u{ord(char):04x}"


def in_json_upper(char: str) -> str:
    return f"\\u{ord(char):04X}"


def with_a_backslash(char: str) -> str:
    return f"\\{char}" if char == "/" else char


def in_python(char: str) -> str:
    return f"\\x{ord(char):02x}"


def in_a_url(char: str) -> str:
    return f"%{ord(char):02x}"


def in_html(char: str) -> str:
    return f"&#{ord(char)};"


def in_html_hex(char: str) -> str:
    return f"&#x{ord(char):X};"


ESCAPES = (as_it_is, in_json, in_json_upper, with_a_backslash, in_python, in_a_url, in_html, in_html_hex)


def in_a_string(text: str) -> str:
    return json.dumps(text)[1:-1]


def php(text: str) -> str:
    return in_a_string(text).replace("/", "\\/")


def everything_in_a_url(text: str) -> str:
    return "".join(map(in_a_url, text))


AROUND: Sequence[Callable[[str], str]] = (
    lambda text: text,
    in_a_string,
    lambda text: in_a_string(in_a_string(text)),
    php,
    lambda text: php(php(text)),
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text, safe=""), safe=""),
    everything_in_a_url,
    html_escape,
    lambda text: html_escape(html_escape(text)),
    lambda text: in_a_string(quote(text)),
    lambda text: quote(in_a_string(text)),
)
"""Conversions of a whole text with its key, one after another."""


@st.composite
def written(draw: st.DrawFn) -> str:
    """The ways in which services write a key."""
    key = draw(st.sampled_from(KEYS))
    ways = draw(st.lists(st.sampled_from(ESCAPES), min_size=len(key), max_size=len(key)))
    one = draw(st.sampled_from([None, *ESCAPES]))
    text = "".join((one or way)(char) for char, way in zip(key, ways, strict=True))
    return draw(st.sampled_from(AROUND))(text)


BETWEEN = st.text(alphabet='abks-p \\"/%&;u025#\n{}é', max_size=12)


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[str], str]:
    """A text for clients, and the same text with keys in it."""
    parts = draw(st.lists(BETWEEN, min_size=2, max_size=4))
    keys = [draw(written()) for _ in parts[1:]]
    return parts, parts[0] + "".join(f" {key} {part}" for key, part in zip(keys, parts[1:], strict=True))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@settings(max_examples=60)
@given(texts())
def test_text_around_keys_stays_and_keys_are_masked(given: tuple[list[str], str]) -> None:
    parts, text = given
    assert SCRUBBER.clean_text(text) == " *** ".join(parts)


@settings(max_examples=60)
@given(texts(), st.lists(st.integers(0, 10_000), max_size=8))
def test_it_does_not_matter_where_a_stream_is_cut(given: tuple[list[str], str], places: list[int]) -> None:
    _, text = given
    stream, data = TextStream(SCRUBBER), text.encode()
    chunks = cut(data, places)
    sent = b"".join(stream.feed(chunk, last=number == len(chunks)) for number, chunk in enumerate(chunks, 1))
    assert sent == SCRUBBER.clean(data)


@settings(max_examples=15)
@given(texts())
def test_nor_if_it_comes_byte_by_byte(given: tuple[list[str], str]) -> None:
    data = given[1].encode()
    stream = TextStream(SCRUBBER)
    sent = b"".join(stream.feed(data[at : at + 1], last=False) for at in range(len(data))) + stream.feed(b"", last=True)
    assert sent == SCRUBBER.clean(data)


@given(st.binary(max_size=80), st.lists(st.integers(0, 80), max_size=4))
def test_bytes_without_a_key_are_passed_on(data: bytes, places: list[int]) -> None:
    stream = TextStream(SCRUBBER)
    chunks = cut(data, places)
    assert b"".join(stream.feed(c, last=n == len(chunks)) for n, c in enumerate(chunks, 1)) == data


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("user", ["", "u:", "me:", "you:"])
@pytest.mark.parametrize("key", KEYS)
def test_base64_hides_no_key(encode: Callable[[bytes], bytes], user: str, key: str) -> None:
    """As in `authorization: Basic`. At each end a character may be left that has a part of the key in it."""
    text = b"Basic " + encode(f"{user}{key} more".encode()) + b" end"
    cleaned = SCRUBBER.clean(text)
    assert b"***" in cleaned
    assert len(text) - len(cleaned) >= len(key) * 4 // 3 - 1 - len(b"***")
    assert cleaned.endswith(b" end")
    assert SCRUBBER.suspects_event(text)


@pytest.mark.parametrize("way", [as_it_is, in_json, with_a_backslash, in_python, in_a_url])
@pytest.mark.parametrize(
    "keys",
    [KEYS, KEYS[:1], ("9d8a7c6b5a4f3e2d", "plain/secret+1234"), tuple(f"{number}abcdefgh" for number in range(20))],
)
def test_events_are_suspected_by_every_escape(way: Callable[[str], str], keys: tuple[str, ...]) -> None:
    scrubber = Scrubber(keys)
    for key in keys:
        event = f'data: {{"text":"{"".join(map(way, key))}"}}\n\n'.encode()
        assert scrubber.suspects_event(event)
        assert scrubber.remove(event) == b'data: {"text":"***"}\n\n'


def test_values_shorter_than_any_key_are_not_masked() -> None:
    assert SHORTEST == 8
    scrubber = Scrubber(["1234567", "12345678"])
    assert scrubber.clean(b"1234567 12345678") == b"1234567 ***"
    assert not Scrubber(["1234567"])


@pytest.mark.parametrize(
    ("chunk", "held"),
    [
        (b"some word", b""),
        (b'{"a": "b"}\n', b""),
        (b"these are tasks", b"s"),
        (b"these are tasks ", b""),
        (b"it is sk-pro", b"sk-pro"),
        (b"it is \\u0073\\u006", b"\\u0073\\u006"),
        (b"100%", b"%"),
        (b"100% ", b""),
        (b"c2stcHJv", b"c2stcHJv"),
    ],
)
def test_only_what_may_be_the_beginning_of_a_key_is_held_back(chunk: bytes, held: bytes) -> None:
    stream = TextStream(SCRUBBER)
    assert stream.feed(chunk, last=False) == chunk.removesuffix(held)
    assert stream.feed(b"", last=True) == held


@pytest.mark.parametrize("endless", [b"\\", b"%", b"%25", b"&amp;", b"\\u00", b"s", b"sk-proj-"])
def test_never_more_than_a_key_takes_is_held_back(endless: bytes) -> None:
    stream = TextStream(SCRUBBER)
    held = 0
    for _ in range(200):
        held += len(endless) * 40 - len(stream.feed(endless * 40, last=False))
        assert held <= 32 * 60


@given(st.lists(st.integers(0, 10_000), max_size=6), st.sampled_from(AROUND[:6]))
def test_frames_keep_their_lengths_and_have_the_right_check_sums(
    places: list[int], around: Callable[[str], str]
) -> None:
    """AWS' clients refuse a frame whose check sum is wrong."""
    name = header(":event-type", "contentBlockDelta")
    data = frame(f'{{"a": "{around(KEY)}"}}'.encode(), name) + frame(b'{"b": 1}')
    stream, chunks = FramedStream(SCRUBBER), cut(data, places)
    sent = b"".join(stream.feed(chunk, last=number == len(chunks)) for number, chunk in enumerate(chunks, 1))
    assert len(sent) == len(data)
    first, second = FrameDecoder().feed(sent)
    assert set(json.loads(first.data)["a"]) == {"*"}
    assert first.event == "contentBlockDelta"
    assert json.loads(second.data) == {"b": 1}


def test_a_stream_without_frames_is_searched_as_text() -> None:
    stream = FramedStream(SCRUBBER)
    assert stream.feed(f'{{"message": "{KEY[:8]}'.encode(), last=False) == b'{"message": "'
    assert stream.feed(f'{KEY[8:]}"}}'.encode(), last=True) == b'***"}'


@pytest.mark.parametrize("key", ["ab\"cd'ef\\gh", "with a space", "it's 8 long", "a\\u0041bcdef"])
def test_quotation_marks_backslashes_and_spaces_may_be_part_of_a_key(key: str) -> None:
    """In documents within each other, in a form, and as programs write them in errors."""
    written = [key, key.replace(" ", "+"), quote(key), html_escape(key)]
    if "\\" not in key:
        written.append(key.replace("'", "\\'"))
    document = key
    for _ in range(4):
        document = json.dumps(document)[1:-1]
        written.append(document)
    for text in written:
        assert Scrubber([key]).clean(f"<{text}>".encode()) == b"<***>"
