"""Forms are read and written without loss, and invalid forms are errors."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tests.ai_proxy.gateway import Json, ask

from ai_proxy.pipeline import forms
from ai_proxy.wire import multipart
from ai_proxy.wire.multipart import MultipartError, Part

BOUNDARY = b"----formdata-7"
FORM = "multipart/form-data; boundary=----formdata-7"

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20)
DATA = st.one_of(
    st.binary(max_size=50), st.sampled_from([b"", b"\r\n", b"--", b"\r\n--", b"\r\n----formdata-", b"\n\n"])
)


def file(name: str, data: bytes, content_type: str = "image/png") -> Part:
    disposition = f'form-data; name="{name}"; filename="in.png"'
    return Part({"content-disposition": disposition, "content-type": content_type}, data)


@given(st.lists(st.tuples(NAMES, DATA), max_size=5))
def test_what_is_written_is_read_again(fields: list[tuple[str, bytes]]) -> None:
    assume(not any(b"----formdata-7" in data for _, data in fields))
    parts = [Part(multipart.field(name, "").headers, data) for name, data in fields]
    if not parts:
        return
    again = multipart.read(multipart.write(parts, BOUNDARY), BOUNDARY)
    assert [(part.name, part.data) for part in again] == fields


@given(st.binary(max_size=200))
@example(b"------formdata-7--\r\n")
@example(b"------formdata-7\r\n------formdata-7--")
@example(b"------formdata-7\r\nx\r\n\r\n------formdata-7--")
def test_an_invalid_form_is_an_error(junk: bytes) -> None:
    for body in (junk, b"------formdata-7\r\n" + junk, junk + b"\r\n------formdata-7--"):
        try:
            parts = multipart.read(body, BOUNDARY)
        except MultipartError:
            continue
        assert all(isinstance(part.data, bytes) for part in parts)


def test_a_boundary_within_a_line_is_data() -> None:
    part = Part(multipart.field("a", "").headers, b"x ------formdata-7\r\n------formdata-70\r\n")
    assert multipart.read(multipart.write([part], BOUNDARY), BOUNDARY)[0].data == part.data


def test_a_part_that_has_the_boundary_is_not_written() -> None:
    with pytest.raises(MultipartError):
        multipart.write([multipart.field("a", "\r\n------formdata-7\r\n")], BOUNDARY)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=b", b"b"),
        ('Multipart/Form-Data; charset=utf-8; Boundary="a b;c"', b"a b;c"),
        ("multipart/form-data;boundary=x ; y=z", b"x"),
    ],
)
def test_boundaries(content_type: str, boundary: bytes) -> None:
    assert multipart.boundary(content_type) == boundary


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "x; boundary=" + "b" * 71]
)
def test_a_form_without_boundary_is_an_error(content_type: str) -> None:
    with pytest.raises(MultipartError):
        multipart.boundary(content_type)


OPENAI: Json = {"type": "openai", "apiTokens": ["sk-provider-1"], "modelMapping": {"gpt-4o": "gpt-image-1"}}


def edit(provider: Json, parts: list[Part], path: str = "/v1/images/edits") -> tuple[bytes, list[Part]]:
    """The form that is sent, and the one that arrives."""
    body = multipart.write(parts, BOUNDARY)
    outcome = ask(provider, None, path=path, headers=[("content-type", FORM)], form=body)
    assert outcome.sent_headers["content-type"] == FORM
    return body, multipart.read(outcome.sent_bytes, BOUNDARY)


def test_the_model_of_a_form_is_mapped_and_all_else_stays() -> None:
    parts = [
        multipart.field("model", "gpt-4o"),
        multipart.field("prompt", "猫"),
        file("image[]", b"\x89PNG\r\n\x00\xff"),
    ]
    _, arrived = edit(OPENAI, parts)
    assert arrived[0].data == b"gpt-image-1"
    assert arrived[1:] == parts[1:]


def test_a_form_whose_model_stays_is_not_touched() -> None:
    raw = multipart.write([multipart.field("model", "other")], BOUNDARY).replace(b"Content-", b"content-")
    outcome = ask(OPENAI, None, path="/v1/images/variations", headers=[("content-type", FORM)], form=raw)
    assert outcome.sent_bytes == raw


def test_a_form_without_model_gets_the_one_for_all() -> None:
    _, arrived = edit({**OPENAI, "modelMapping": {"*": "gpt-image-1"}}, [multipart.field("prompt", "x")])
    assert [(part.name, part.data) for part in arrived] == [("prompt", b"x"), ("model", b"gpt-image-1")]


def test_a_broken_form_is_400() -> None:
    outcome = ask(OPENAI, None, path="/v1/images/edits", headers=[("content-type", FORM)], form=b"------formdata-7\r\n")
    assert outcome.status == 400
    assert outcome.error["code"] == "invalid_form"


def test_uploads_are_not_read() -> None:
    raw = b"anything"
    outcome = ask(OPENAI, None, path="/v1/audio/transcriptions", headers=[("content-type", FORM)], form=raw)
    assert outcome.sent_bytes == raw


def test_a_codec_gets_a_form_as_a_document() -> None:
    parts = [
        multipart.field("prompt", "x"), file("image[]", b"\x89PNG1", "application/octet-stream"),
        file("image[1]", b"https://x/y.png"), file("mask", b"\xff\xd8\xff", ""),
    ]  # fmt: skip
    assert forms.document(multipart.write(parts, BOUNDARY), FORM) == {
        "prompt": "x",
        "image": ["data:image/png;base64,iVBORzE=", "https://x/y.png"],
        "mask": ["data:image/jpeg;base64,/9j/"],
    }


@pytest.mark.parametrize(("data", "kind"), [(b"BM1", "image/bmp"), (b"%PDF-1", "application/pdf")])
def test_images_of_a_form_are_recognised_as_fetched_files_are(data: bytes, kind: str) -> None:
    document = forms.document(multipart.write([file("image", data, "")], BOUNDARY), FORM)
    assert document["image"][0].startswith(f"data:{kind};base64,")
