"""Gateway files, whatever is in them: a line for each problem and not many of them, in bounded time and memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxywasm_host.gateway import GatewayFileError, read

SMALLEST = "listen: 127.0.0.1:80\nroutes: [{name: a}]\n"
PLUGIN = SMALLEST + "plugins:\n- name: p\n  module: p.wasm\n  config: "
ROUTE = "listen: 127.0.0.1:80\nroutes:\n- name: a\n  match: "


def bomb(levels: int, width: int, innermost: str = "x") -> str:
    lines = [f"a0: &a0 [{', '.join([innermost] * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n" + SMALLEST


HOSTILE: list[tuple[str, str]] = [
    (bomb(10, 9), "1: more than 20,000 values, counting what each alias"),
    (SMALLEST + f"x: &x {'y' * 500_000}\nz: [{', '.join(['*x'] * 10)}]\n", "3: more than 4 MiB of text"),
    (SMALLEST + "z:\n" + "- ${ENV:LONG}\n" * 100, "45: more than 4 MiB of text"),
    (SMALLEST + "x: [" + "1, " * 20_000 + "1]", "3: more than 20,000 values"),
    ("plugins: " + "[" * 20_000, "1: more than 64 lists and mappings inside each other"),
    ("plugins: " + "{a: " * 20_000, "1: more than 64 lists and mappings inside each other"),
    ("- " * 20_000 + "a", "1: more than 64 lists and mappings inside each other"),
    ("? " * 20_000 + "a", "1: more than 64 lists and mappings inside each other"),
    ("x" * 2**20 + SMALLEST, " is larger than 1 MiB; check that it is the file you mean"),
    (PLUGIN + "{x: 1e999}", "6: plugins.0.config.x: the number is too large"),
    (PLUGIN + f"{{x: {'9' * 401}}}", "6: plugins.0.config.x: a number of more than 400 digits"),
    (PLUGIN + "{x: !!float .inf}", "6: plugins.0.config.x: is not written as the tag tag:yaml.org,2002:float says"),
    (PLUGIN + "{x: !!int 0x10}", "6: plugins.0.config.x: is not written as the tag"),
    (PLUGIN + "{x: !!bool [1]}", "6: plugins.0.config.x: the tag tag:yaml.org,2002:bool is not known here"),
    (PLUGIN + '{x: "\\0"}', "6: plugins.0.config.x: has NUL in it; remove it"),
    (PLUGIN + '{"\\0": 1}', "6: plugins.0.config: has NUL in it; remove it"),
    (PLUGIN + '{x: "\\ud800"}', "6: plugins.0.config.x: has half a surrogate pair in it; remove it"),
    (PLUGIN + '{x: "${ENV:BYTES}"}', "6: plugins.0.config.x: has half a surrogate pair in it; remove it"),
    (PLUGIN + '{x: "\\UFFFFFFFF"}', "6: is not YAML: there is no such character or version"),
    (PLUGIN + '{x: "\\U00110000"}', "6: is not YAML: there is no such character or version"),
    (SMALLEST + "x: \0\n", "3: the character U+0000 must not be in YAML; remove it"),
    (f"%YAML 1.{'1' * 5000}\n---\na: 1", "1: is not YAML: "),
    ("a: &b 1\nc: *" + "d" * 1000, "2: is not YAML: found undefined alias"),
    ("--- 1\n--- 2", "2: is not YAML: but found another document"),
    (SMALLEST + f"? {'k' * 100_000}\n: 1", f"3: {'k' * 117}...: no such key"),
    (SMALLEST + '"a\\nb": 1', "3: a\\nb: no such key"),
    (SMALLEST + f"limits: {{body: {'9' * 400}}}", "3: limits.body: expected a number of bytes"),
    (SMALLEST + f"limits: {{body: {'9' * 5000}KiB}}", "3: limits.body: expected a number of bytes"),
    (SMALLEST + f"limits: {{idle: {'9' * 400}}}", "3: limits.idle: "),
    (SMALLEST + 'limits: {idle: "1e999"}', "3: limits.idle: "),
    (SMALLEST + 'limits: {idle: "nan"}', "3: limits.idle: "),
    (SMALLEST + "limits: {watchdog: 0.5}", "3: limits.watchdog: "),
    (SMALLEST + "limits: {idle: 0.0001}", "3: limits.idle: "),
    (SMALLEST + f"workers: {'9' * 400}", "3: workers: "),
    (SMALLEST.replace(":80", f":{'9' * 5000}"), "1: listen: expected an IP address and a port"),
    (SMALLEST.replace("127", "١٢٧"), "1: listen: the host has to be an IP address"),
    (SMALLEST.replace("name: a", 'name: "a\\nb"'), "2: routes.0.name: must have printable characters only"),
    (SMALLEST.replace("name: a", f"name: {'a' * 1000}"), "2: routes.0.name: must have printable characters only"),
    (SMALLEST + "upstreams: {x: https://h:0}", "3: upstreams.x.url: expected the URL of a server"),
    (SMALLEST + "upstreams: {x: https://h%2e}", "3: upstreams.x.url: expected the URL of a server"),
    (SMALLEST + "upstreams: {x: https://ｈost}", "3: upstreams.x.url: expected the URL of a server"),
    (SMALLEST + "ca_file: " + "x" * 5000, "3: ca_file: there is no "),
    (SMALLEST + "plugins: [{name: p, source: /dev/zero}]", "3: plugins.0.source: there is no /dev/zero"),
    (ROUTE + "{path_prefix: /v1/../admin}", "4: routes.0.match.path_prefix: matches no request"),
    (ROUTE + "{path_prefix: /v1%2fadmin/}", "4: routes.0.match.path_prefix: matches no request"),
    (ROUTE + "{path: /v1//chat}", "4: routes.0.match.path: matches no request"),
    (ROUTE + "{path: /v1/.}", "4: routes.0.match.path: matches no request"),
    (ROUTE + "{path: '/v1?x=1'}", "4: routes.0.match.path: a path has no query"),
    (ROUTE + "{path: /v 1}", "4: routes.0.match.path: a path has no query"),
]


@pytest.mark.parametrize(("content", "message"), HOSTILE, ids=lambda value: value[:40])
def test_a_hostile_gateway_file_is_told(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(content)
    with pytest.raises(GatewayFileError) as caught:
        read(file, {"LONG": "x" * 100_000, "BYTES": "\udcff"})
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"{file}:{message}")
    assert len(lines) <= 21
    assert all(len(line) < 1000 for line in lines)


def test_of_many_problems_some_are_told(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(SMALLEST + "".join(f"key{number}: 1\n" for number in range(1000)))
    with pytest.raises(GatewayFileError) as caught:
        read(file)
    lines = str(caught.value).splitlines()
    assert lines[19:] == [
        f"{file}:22: key19: no such key; there are {lines[0].partition('there are ')[2]}",
        f"{file}: and 980 more",
    ]


def test_routes_and_upstreams_are_bounded_together(tmp_path: Path) -> None:
    """Envoy's configuration has each upstream in each route that leads to any of them."""
    content = {
        "listen": "127.0.0.1:80",
        "routes": [{"name": f"r{number}"} for number in range(1000)],
        "upstreams": {f"u{number}": "https://h" for number in range(101)},
    }
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(GatewayFileError, match="1000 routes without `upstream` and 101 upstreams are too many"):
        read(file)


@pytest.mark.parametrize("prefix", ["/", "/v1/", "/.", "/v1/..", "/.well-known/", "/%C3%A9/", "/a%25"])
def test_the_beginning_of_a_plain_path_is_a_prefix(tmp_path: Path, prefix: str) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(ROUTE + yaml.safe_dump({"path_prefix": prefix}, default_flow_style=True))
    assert read(file).routes[0].match.path_prefix == prefix


PIECES = [
    "listen: 127.0.0.1:80\n",
    "routes: [{name: a}]\n",
    "plugins:\n",
    "- ",
    "name: ",
    "a",
    "&a ",
    "*a",
    "[",
    "]",
    "{",
    "}",
]
PIECES += [
    ", ",
    ": ",
    "\n",
    "  ",
    '"',
    "'",
    "|\n",
    "!!int ",
    "!!map ",
    "!!str ",
    "? ",
    "1e9",
    "\\u",
    "d800",
    "%",
    "---\n",
    "\t",
    "é",
    "#",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join))
def test_any_gateway_file_is_read_or_told(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    said = ""
    try:
        read(file, {})
    except GatewayFileError as error:
        said = str(error)
    assert all(line.startswith(f"{file}:") for line in said.split("\n") if said)
