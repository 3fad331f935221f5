"""Tencent Cloud's signature, by the examples of its documentation (where the keys are masked, and signed like that)."""

from __future__ import annotations

import pytest

from ai_proxy.credentials.signing import tc3

BODY = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
HEADERS = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}


@pytest.mark.parametrize(
    ("secret_id", "secret_key", "headers", "signed", "signature"),
    [
        # cloud.tencent.com/document/api/213/30654, until 2022.
        (
            "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******",
            "Gu5t9xGARNpq86cd98joQYCN3*******",
            HEADERS,
            "content-type;host",
            "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c",
        ),
        # The same page since then: the action is signed too.
        (
            "AKID********************************",
            "********************************",
            {**HEADERS, "x-tc-action": "DescribeInstances"},
            "content-type;host;x-tc-action",
            "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f",
        ),
    ],
)
def test_published_examples(
    secret_id: str, secret_key: str, headers: dict[str, str], signed: str, signature: str
) -> None:
    value = tc3.authorization(secret_id, secret_key, service="cvm", headers=headers, body=BODY, timestamp=1551113065)
    scope = "2019-02-25/cvm/tc3_request"
    assert value == (f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={signed}, Signature={signature}")
