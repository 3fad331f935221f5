"""Certificates for tests, made with `openssl`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


class Pair(NamedTuple):
    certificate: Path
    key: Path


_AUTHORITY = """
[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/index
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def make(folder: Path, name: str, *, host: str = "localhost", years: tuple[int, int] | None = None) -> Pair:
    """Of `host`, signed by itself; valid from now on, or from the first to the second year."""
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    key: list[str | Path] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", pair.key]
    subject = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    if years is None:
        _openssl("req", "-x509", *key, *subject, "-days", "2", "-out", pair.certificate)
        return pair
    request, config = folder / f"{name}.csr", folder / f"{name}.conf"
    _openssl("req", *key, *subject, "-out", request)
    own = folder / f"{name}-ca"
    own.mkdir()
    (own / "index").touch()
    config.write_text(_AUTHORITY.format(folder=own))
    words: list[str | Path] = [
        "ca",
        "-batch",
        "-selfsign",
        "-notext",
        "-config",
        config,
        "-keyfile",
        pair.key,
        "-in",
        request,
    ]
    dates = ["-startdate", f"{years[0]}0101000000Z", "-enddate", f"{years[1]}0101000000Z"]
    _openssl(*words, *dates, "-out", pair.certificate)
    return pair


def _openssl(*words: str | Path) -> None:
    try:
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
