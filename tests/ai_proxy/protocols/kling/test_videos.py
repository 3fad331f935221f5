"""Kling's videos."""

from __future__ import annotations

import base64
import json

import pytest
from tests.ai_proxy.gateway import Json, answer, ask, refusal, start, warnings

KLING: Json = {"type": "kling", "apiTokens": ["sk-provider-1"], "modelMapping": {"*": "kling-v1-6"}}


@pytest.mark.parametrize(
    ("more", "path", "prefix"),
    [({}, "/v1/videos/text2video", "kling-t2v-"), ({"image": "u"}, "/v1/videos/image2video", "kling-i2v-")],
)
def test_klings_ids_have_a_prefix_for_the_kind_of_video(more: Json, path: str, prefix: str) -> None:
    response = answer({"code": 0, "data": {"task_id": "t/1"}})
    outcome = ask(KLING, {"model": "x", "prompt": "y", **more}, response, path="/v1/videos")
    assert outcome.sent == {"model_name": "kling-v1-6", "prompt": "y", **more}
    assert outcome.sent_headers[":path"] == path
    assert outcome.json["data"]["task_id"] == f"{prefix}t/1"
    outcome = ask(KLING, path=f"/v1/videos/{prefix}t%20?x=1", method="GET")
    assert outcome.sent_headers[":path"] == f"{path}/t%20?x=1"


def test_kling_errors_in_answers_of_status_200_are_errors() -> None:
    outcome = ask(KLING, {"model": "x"}, answer({"code": 1102, "message": "no money"}), path="/v1/videos")
    assert outcome.status == 402
    assert outcome.error == {"message": "no money", "type": "insufficient_quota", "param": None, "code": "1102"}


def test_kling_signs_with_two_keys() -> None:
    config = {"type": "kling", "klingAccessKey": "ak", "klingSecretKey": "sk"}
    token = ask(config, {"model": "x"}, path="/v1/videos").sent_headers["authorization"].removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert decoded["iss"] == "ak"
    assert decoded["exp"] - decoded["nbf"] == 1805
    assert len(base64.urlsafe_b64decode(signature + "==")) == 32


@pytest.mark.parametrize(
    ("video", "path"),
    [("kling-i2v-a%3Fb", "/v1/videos/image2video/a%3Fb"), ("kling-t2v-..", ""), ("kling-t2v-%252e%252e", "")],
)
def test_the_id_of_a_video_is_one_segment(video: str, path: str) -> None:
    outcome = ask(KLING, path=f"/v1/videos/{video}", method="GET")
    assert (outcome.result["local_reply"] is None) is bool(path)
    assert not path or outcome.sent_headers[":path"] == path


@pytest.mark.usefixtures("both_ways")
def test_a_compressed_request_has_an_answer() -> None:
    headers = [("content-encoding", "gzip"), ("content-type", "application/json")]
    made = answer({"code": 0, "data": {"task_id": "t", "task_status": "submitted"}})
    outcome = ask(KLING, None, made, path="/v1/videos", headers=headers, form=b"\x1f\x8b")
    assert outcome.status == 200
    assert outcome.json["data"]["task_id"] == "kling-t2v-t"


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("status", [600, 999])
def test_an_undefined_status_of_kling_is_502(status: int) -> None:
    for response in (answer({"oops": 1}, status), answer(None, status), answer(b"<p>no</p>", status)):
        outcome = ask(KLING, {"model": "m", "prompt": "x"}, response, path="/v1/videos")
        assert (outcome.status, outcome.error["type"]) == (502, "server_error")


PAIR: Json = {"type": "kling", "klingAccessKey": "a", "klingSecretKey": "b"}


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (
            {"type": "kling", "klingAccessKey": "a"},
            "provider.klingSecretKey: is required: the two keys belong together",
        ),
        ({"type": "kling"}, "provider.apiTokens: is required, or klingAccessKey and klingSecretKey"),
        ({"type": "kling", "apiTokens": ["x"], "klingAccessKey": "a"}, "provider.klingSecretKey: is required"),
    ],
)
def test_keys_of_kling_come_in_pairs(config: Json, problem: str) -> None:
    assert problem in refusal({"provider": config})


def test_tokens_of_kling_have_no_effect_beside_a_pair_of_keys() -> None:
    (logged,) = warnings({"provider": {**PAIR, "apiTokens": ["k"]}})
    expected = "provider.apiTokens: has no effect: klingAccessKey and klingSecretKey are used instead"
    assert logged.startswith(expected)


def test_no_key_of_kling_is_printed() -> None:
    outcome = start({"provider": {"type": "kling", "klingSecretKey": 7.25, "klingAccessKey": "sk-secret"}})
    assert "provider.klingSecretKey: must be a string, got number; understood" in str(outcome.result)
    assert "sk-secret" not in str(outcome.result)
    assert "7.25" not in str(outcome.result)
