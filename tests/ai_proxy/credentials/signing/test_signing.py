"""Signatures agree with published vectors, and keys are read in the forms in which Google has issued them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_proxy.credentials.signing import rs256, sigv4
from ai_proxy.wire import der
from ai_proxy.wire.private_key import PrivateKey, load

WHO = sigv4.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service")
WHEN = 1440938160  # 2015-08-30T12:36:00Z


@pytest.mark.parametrize(
    ("method", "path", "signature"),
    [
        ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    ],
)
def test_the_signature_suite_of_aws(method: str, path: str, signature: str) -> None:
    """get-vanilla, post-vanilla and get-vanilla-query-order-key-case of AWS' Signature Version 4 test suite."""
    headers = sigv4.sign(WHO, method, path, {"host": "example.amazonaws.com"}, b"", WHEN)
    assert headers["x-amz-date"] == "20150830T123600Z"
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


def test_an_escaped_path_is_signed_escaped_twice() -> None:
    request = sigv4.canonical_request("POST", "/model/a%3A0/converse?x=%2F", {"host": " a  b "}, "00")
    assert request == "POST\n/model/a%253A0/converse\nx=%2F\nhost:a b\n\nhost\n00"


def number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


# RFC 7515, A.2.
P = number(
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPG"
    "BY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc"
)
Q = number(
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA"
    "-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc"
)
D = pow(65537, -1, (P - 1) * (Q - 1))
KEY = PrivateKey(P * Q, P, Q, D % (P - 1), D % (Q - 1), pow(Q, -1, P))
SIGNED = (
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
    "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
SIGNATURE = (
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"
    "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
    "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)


def test_the_example_of_rfc_7515() -> None:
    assert base64.urlsafe_b64encode(rs256.sign(KEY, SIGNED.encode())).rstrip(b"=").decode() == SIGNATURE


def encoded(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 128:
        return bytes([tag, size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def integer(value: int) -> bytes:
    return encoded(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pem(kind: str, data: bytes) -> str:
    text = base64.encodebytes(data).decode()
    return f"-----BEGIN {kind}-----\n{text}-----END {kind}-----\n"


PKCS1 = encoded(der.SEQUENCE, b"".join(map(integer, (0, KEY.n, 65537, D, KEY.p, KEY.q, KEY.dp, KEY.dq, KEY.qinv))))
ALGORITHM = encoded(
    der.SEQUENCE, encoded(der.OBJECT_IDENTIFIER, bytes.fromhex("2a864886f70d010101")) + bytes.fromhex("0500")
)
PKCS8 = encoded(der.SEQUENCE, integer(0) + ALGORITHM + encoded(der.OCTET_STRING, PKCS1))


@pytest.mark.parametrize(("kind", "data"), [("RSA PRIVATE KEY", PKCS1), ("PRIVATE KEY", PKCS8)])
def test_both_forms_of_a_key_are_read(kind: str, data: bytes) -> None:
    assert load(pem(kind, data)) == KEY


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a PEM file"),
        (pem("EC PRIVATE KEY", PKCS1), "not with an unencrypted RSA private key"),
        (pem("ENCRYPTED PRIVATE KEY", PKCS8), "not with an unencrypted RSA private key"),
        (pem("PRIVATE KEY", PKCS1), "not an RSA private key"),
        (pem("RSA PRIVATE KEY", PKCS1[:100]), "not an RSA private key"),
        (pem("PRIVATE KEY", PKCS8.replace(bytes.fromhex("2a8648"), bytes.fromhex("2a8649"))), "not an RSA private key"),
        ("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----", "not an RSA private key"),
    ],
)
def test_an_invalid_key_is_refused_without_repeating_it(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load(text)
    assert len(str(caught.value)) < 100


def test_a_key_does_not_show_itself() -> None:
    assert str(KEY.p) not in repr(KEY)


@given(st.binary(max_size=40))
def test_any_bytes_are_der_or_refused(data: bytes) -> None:
    try:
        for element in der.elements(data):
            assert len(element.value) <= len(data)
    except ValueError:
        pass


def test_a_token_is_what_the_original_makes_of_the_same_key() -> None:
    """Its assertion, of the second at which the recordings' clock stands, is in the recorded call-out."""
    recorded = Path(__file__).parents[3] / "conformance" / "vertex" / "oauth.json"
    entry: Any = json.loads(recorded.read_text(encoding="utf-8"))[0]
    account = json.loads(entry["config"]["provider"]["vertexAuthKey"])
    claims = {
        "aud": account["token_uri"],
        "exp": 1735689600 + 3600,
        "iat": 1735689600,
        "iss": account["client_email"],
        "scope": "https://www.googleapis.com/auth/cloud-platform",
    }
    token = rs256.token(load(account["private_key"]), claims, kid=account["private_key_id"])
    assert entry["expect"]["callouts"][0]["body"].endswith(f"&assertion={token}")
