"""Files with certificates and keys: what is wrong with them, before anything is started with them."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final, Literal

from ..reading import shown

_VERIFY: Final = ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Of a listener: TLS 1.2 and later, HTTP/1.1. Raises `OSError`; `ssl.SSLError` is one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key, password=_no_password)
    context.set_alpn_protocols(["http/1.1"])
    return context


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """Of upstreams, which are checked against a file, or against what the system trusts. Raises `OSError`."""
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    context.set_alpn_protocols(["http/1.1"])
    return context


def wrong_ca_file(ca_file: Path) -> str | None:
    """Why servers cannot be checked against a file, if they cannot."""
    try:
        client_context(ca_file)
    except OSError as error:
        return f"{_named(ca_file)} has no certificates in PEM form: {_reason(error)}"
    return None


def wrong_pair(certificate: Path, key: Path) -> tuple[Literal["certificate", "key"], str] | None:
    """Why a listener cannot use a certificate with a key, if it cannot, and which of them is to blame."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except _PassphraseError:
        return "key", f"{_named(key)} has a passphrase; write the key without one to a file that only you can read"
    except OSError as error:
        return _blame(certificate, key, error)
    problem = _wrong_time(certificate, server_context(certificate, key))
    return ("certificate", f"{_named(certificate)} {problem}") if problem else None


def _blame(certificate: Path, key: Path, error: OSError) -> tuple[Literal["certificate", "key"], str]:
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return "key", f"{_named(key)} is not the key of the certificate in {_named(certificate)}"
    try:
        client_context(certificate)  # which reads no keys
    except OSError as wrong:
        return "certificate", f"{_named(certificate)} has no certificate in PEM form: {_reason(wrong)}"
    return "key", f"{_named(key)} has no private key in PEM form: {_reason(error)}"


def _wrong_time(certificate: Path, server: ssl.SSLContext) -> str | None:
    """Shake hands with a client that trusts this certificate, and hear what it says."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= _VERIFY
    client.load_verify_locations(certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
    )
    waiting = True
    while waiting:
        waiting = False
        for end in reversed(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                waiting = True
            except ssl.SSLCertVerificationError as error:
                return f"cannot be used: {error.verify_message}; get a new one"
    return None


class _PassphraseError(Exception):
    """OpenSSL asks for one; without an answer from here it would ask at the terminal."""


def _no_password() -> str:
    raise _PassphraseError


def _named(path: Path) -> str:
    return shown(str(path), 200)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "it cannot be read").replace("_", " ").lower()
    return error.strerror or str(error)
