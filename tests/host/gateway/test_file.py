"""The gateway file: what it says, and what is said of a wrong one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxywasm_host.gateway import Address, Gateway, GatewayFileError, Origin, read

SMALLEST: Mapping[str, Any] = {"listen": "127.0.0.1:8080", "routes": [{"name": "all"}]}


def write(folder: Path, content: Mapping[str, Any] | str) -> Path:
    file = folder / "gateway.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(dict(content), sort_keys=False))
    return file


def load(folder: Path, content: Mapping[str, Any] | str, **environment: str) -> Gateway:
    return read(write(folder, content), environment)


def test_the_smallest_file_has_defaults_for_all_the_rest(tmp_path: Path) -> None:
    gateway = load(tmp_path, SMALLEST)
    assert gateway.listen == Address("127.0.0.1", 8080)
    assert (gateway.workers, gateway.admin, gateway.access_log, gateway.plugins) == (1, None, False, ())
    assert gateway.routes[0].match.path_prefix == "/"
    assert gateway.limits.body == 64 * 2**20


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "plugin.wasm").touch()
    gateway = load(tmp_path, {**SMALLEST, "plugins": [{"name": "one", "module": "plugin.wasm"}]})
    assert gateway.plugins[0].module == tmp_path / "plugin.wasm"


def test_the_environment_fills_in_values_and_cannot_add_keys(tmp_path: Path) -> None:
    (tmp_path / "p.wasm").touch()
    config = {"keys": ["${ENV:KEY}", "Bearer ${ENV:KEY}"]}
    content = {**SMALLEST, "plugins": [{"name": "one", "module": "p.wasm", "config": config}]}
    gateway = load(tmp_path, content, KEY='a: "b"\nadmin: 127.0.0.1:1')
    assert gateway.plugins[0].config["keys"] == ['a: "b"\nadmin: 127.0.0.1:1', 'Bearer a: "b"\nadmin: 127.0.0.1:1']
    assert gateway.admin is None


def test_scalars_are_those_of_json(tmp_path: Path) -> None:
    (tmp_path / "p.wasm").touch()
    text = """
listen: 127.0.0.1:8080
routes: [{name: all}]
plugins:
  - name: p
    module: p.wasm
    config:
      text: [no, on, 2024-01-01, 0123, 1_000, 0x10, 12:30]
      int: 12
      float: [1.5, 1e3]
      bool: true
      nothing: null
"""
    assert load(tmp_path, text).plugins[0].config == {
        "text": ["no", "on", "2024-01-01", "0123", "1_000", "0x10", "12:30"],
        "int": 12,
        "float": [1.5, 1000.0],
        "bool": True,
        "nothing": None,
    }


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.com", Origin("https", "api.example.com", 443)),
        ("http://127.0.0.1:9000/", Origin("http", "127.0.0.1", 9000)),
        ("http://[::1]", Origin("http", "::1", 80)),
    ],
)
def test_an_upstream_may_be_just_an_url(tmp_path: Path, url: str, origin: Origin) -> None:
    assert load(tmp_path, {**SMALLEST, "upstreams": {"one": url}}).upstreams["one"].url == origin


WRONG: list[tuple[str, str]] = [
    ("listen: 127.0.0.1:8080", "1: routes: is missing"),
    ("routes: [{name: a}]\nlisten: 8080", "2: listen: expected an IP address and a port"),
    ("routes: [{name: a}]\nlisten: localhost:80", "2: listen: the host has to be an IP address"),
    ("routes: [{name: a}]\nlisten: 127.0.0.1:70000", "2: listen: ports go from 1 to 65535"),
    ("routes: []\nlisten: 127.0.0.1:80", "1: routes: needs at least one entry"),
    (
        "listen: 127.0.0.1:80\nroutes:\n  - name: a\n    mach: {}",
        "4: routes.0.mach: no such key; did you mean 'match'?",
    ),
    (
        "listen: 127.0.0.1:80\nroutes:\n  - name: a\n    match: {path_prefix: v1}",
        "4: routes.0.match.path_prefix: a path",
    ),
    ("listen: 127.0.0.1:80\nroutes:\n- name: a\n- name: a", "1: two routes are called 'a'"),
    (
        "listen: 127.0.0.1:80\nroutes:\n- {name: a, upstream: b}",
        "1: the route 'a' goes to the upstream 'b', which is not",
    ),
    ("listen: 127.0.0.1:80\nlisten: 127.0.0.1:81\nroutes: [{name: a}]", "2: listen: is here a second time"),
    ("listen: 127.0.0.1:80\nadmin: 0.0.0.0:81\nroutes: [{name: a}]", "2: admin: may only be a loopback address"),
    ("listen: 127.0.0.1:80\nroutes: [{name: a}]\nworkers: 0", "3: workers: "),
    ("listen: 127.0.0.1:80\nroutes: [{name: a}]\nworkers: two", "3: workers: expected a whole number"),
    ("listen: 127.0.0.1:80\nroutes: [{name: a}]\naccess_log: yes", "3: access_log: expected true or false"),
    ("listen: 127.0.0.1:80\nroutes: [{name: a}]\nlimits: {body: 3MB}", "3: limits.body: expected a number of bytes"),
    ("listen: 127.0.0.1:80\nroutes: [{name: a}]\nupstreams:\n  x: https://h/v1", "4: upstreams.x.url: only a server"),
    ("listen: 127.0.0.1:80\nroutes: [{name: a}]\nupstreams: {x: ftp://h}", "3: upstreams.x.url: expected the URL"),
    (
        "listen: 127.0.0.1:80\nroutes: [{name: a}]\nupstreams: {x: https://10.0.0.1}",
        "3: upstreams.x: an IP address has",
    ),
    ("listen: 127.0.0.1:80\nroutes: [{name: a}]\nplugins:\n- name: p", "4: plugins.0: has to have either `module`"),
    (
        "listen: 127.0.0.1:80\nroutes: [{name: a}]\nplugins:\n- {name: p, module: x.wasm}",
        "4: plugins.0.module: there is no",
    ),
    ("listen: 127.0.0.1:80\nroutes: [{name: a}]\nca_file: x.pem", "3: ca_file: there is no"),
    ("listen: ${ENV:NOT_SET}\nroutes: [{name: a}]", "1: listen: the environment variable NOT_SET is not set"),
    ("listen: ${ENV:}\nroutes: [{name: a}]", "1: listen: a variable of the environment is written ${ENV:NAME}"),
    ("listen: [127.0.0.1\nroutes: 1", "2: is not YAML"),
    ("listen: &a [*a]\nroutes: [{name: a}]", "1: listen.0: refers to itself"),
    ("- listen", "1: expected keys such as"),
    ("", "1: expected keys such as"),
    (
        "listen: !!python/name:os.system\nroutes: [{name: a}]",
        "1: listen: the tag tag:yaml.org,2002:python/name:os.system",
    ),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_is_told_by_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GatewayFileError) as caught:
        load(tmp_path, text)
    assert f"gateway.yaml:{message}" in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(GatewayFileError) as caught:
        load(tmp_path, "listen: 1\nroutes: [{}]\nworker: 2")
    assert len(str(caught.value).splitlines()) == 3


def test_no_error_has_a_secret_in_it(tmp_path: Path) -> None:
    for content in (
        {**SMALLEST, "plugins": [{"name": "p", "config": "${ENV:KEY}"}]},
        {**SMALLEST, "upstreams": {"x": "https://user:${ENV:KEY}@example.com"}},
        {**SMALLEST, "limits": {"body": "${ENV:KEY}", "idle": "${ENV:KEY}"}},
        {**SMALLEST, "workers": "${ENV:KEY}", "access_log": "${ENV:KEY}", "admin": "${ENV:KEY}"},
    ):
        with pytest.raises(GatewayFileError) as caught:
            load(tmp_path, content, KEY="sk-secret")
        assert "sk-secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(GatewayFileError, match="cannot be read: No such file"):
        read(tmp_path / "none.yaml")
