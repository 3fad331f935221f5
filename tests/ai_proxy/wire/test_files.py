"""The media types of files."""

from __future__ import annotations

import pytest

from ai_proxy.wire.files import media_type

SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff\xe0": "image/jpeg",
    b"GIF89a": "image/gif",
    b"BM\x00\x00": "image/bmp",
    b"%PDF-1.7": "application/pdf",
    b"RIFF\x00\x00\x00\x00WEBP": "image/webp",
}


@pytest.mark.parametrize("data", SIGNATURES)
def test_the_first_bytes_show_the_media_type(data: bytes) -> None:
    assert media_type(data + b"more") == SIGNATURES[data]


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00WAVE", b"text"])
def test_other_files_show_none(data: bytes) -> None:
    assert media_type(data) == ""


def test_four_bytes_are_enough_for_png() -> None:
    assert media_type(b"\x89PNG") == media_type(b"\x89PNG and no line break") == "image/png"
    assert media_type(b"\x89PN") == ""
