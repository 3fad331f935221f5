"""Kling's videos."""

from __future__ import annotations

import base64
import json

import pytest
from tests.ai_proxy.gateway import Json, answer, ask

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
    asked = ask(KLING, path=f"/v1/videos/{prefix}t%20?x=1", method="GET")
    assert asked.sent_headers[":path"] == f"{path}/t%20?x=1"


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
