"""Write the shim: the module between a component's core code and a Proxy-Wasm host.

Towards the code it provides the functions of the WIT interfaces, with the signatures of the canonical ABI; towards the
host it exports the ABI's callbacks. Most functions have the same core signature on both sides, because a `list<u8>` is
a pointer and a size there as here. What differs is where an answer is stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

from .binary import MalformedError
from .component import HostFunc
from .linking import Linked, instance_name, shim_export
from .module import Signature

ABI_PREFIX = "proxywasm:abi/"

ABI_EXPORTS = {"0.2.1": "proxy_abi_version_0_2_1", "higress": "proxy_abi_version_0_2_100"}
"""The export by which a module declares its ABI."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the canonical ABI wants an answer, as offsets from the address the code gave."""

    outputs: tuple[int, ...]
    """Where the host is to store its outputs. A pointer is followed by its size."""
    status: int | None
    """Where the status goes if it is an error; None: `option`, which is just empty then."""


_OPTIONAL_BYTES = Answer((4, 8), None)
_BYTES, _U32, _U64 = Answer((4, 8), 4), Answer((4,), 4), Answer((8,), 8)

ANSWERS = {
    "get-header-map-pairs": _OPTIONAL_BYTES,
    "get-buffer-bytes": _OPTIONAL_BYTES,
    "get-property": _OPTIONAL_BYTES,
    "get-shared-data": Answer((4, 8, 12), None),
    "call-foreign-function": _BYTES,
    "get-log-level": _U32,
    "http-call": _U32,
    "define-metric": _U32,
    "redis-call": _U32,
    "get-metric": _U64,
}


BYTES_ARGUMENTS = {
    "log": (1,),
    "set-header-map-pairs": (1,),
    "set-buffer-bytes": (3,),
    "send-local-response": (1, 3, 5),
    "http-call": (0, 2, 4, 6),
    "get-shared-data": (0,),
    "set-shared-data": (0, 2),
    "define-metric": (1,),
    "get-property": (0,),
    "set-property": (0, 2),
    "call-foreign-function": (0, 2),
    "redis-init": (0, 2, 4),
    "redis-call": (0, 2),
}
"""Which core parameters are the pointers of `list<u8>` arguments."""


HEADER_CALLS = [
    f'(import "env" "proxy_{name}" (func $host_{name} (param {" ".join(["i32"] * count)}) (result i32)))'
    for name, count in {
        "get_log_level": 1,
        "get_header_map_pairs": 3,
        "add_header_map_value": 5,
        "replace_header_map_value": 5,
        "remove_header_map_value": 3,
    }.items()
]
"""The host functions that `headers.wat` imports."""


def write_shim(linked: Linked, abi: str, *, frees_arguments: bool) -> str:
    """The text of the shim, with imports of the linked modules, `env` and `wasi_snapshot_preview1`.

    componentize-py 0.25.1 copies each `list<u8>` argument of a host call and never frees the copy (`maybe_pop_list` in
    its runtime). Hosts are done with an argument when they return, so `frees_arguments` frees it then.
    """
    for func in linked.wanted:
        _refuse_unknown(func, abi)
    wasi, headers, streams = (
        files(__package__).joinpath(name).read_text() for name in ("wasi.wat", "headers.wat", "streams.wat")
    )
    provided = set(re.findall(r'\(export "([^"]+)"', wasi + headers))
    allocator = linked.allocators["wasi:random/random"]  # libc
    imported = [
        f'(import "{instance_name(linked.memory.instance)}" "{linked.memory.name}" (memory 0))',
        '(export "memory" (memory 0))',
        f'(import "{instance_name(allocator.instance)}" "{allocator.name}"'
        " (func $realloc (param i32 i32 i32 i32) (result i32)))",
        f'(import "{instance_name(allocator.instance)}" "free" (func $free (param i32)))',
        '(import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))',
        '(import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))',
        '(import "env" "proxy_log" (func $wasi_log (param i32 i32 i32) (result i32)))',
        *HEADER_CALLS,
    ]
    freeing = "(call $free (local.get 0))" if frees_arguments else ""
    defined = [f"(func $free_argument (param i32) {freeing})"]
    for func, signature in linked.wanted.items():
        if shim_export(func) in provided:
            continue
        if func.interface.startswith(ABI_PREFIX):
            host_import, definition = _host_call(func, signature, frees_arguments)
            imported.append(host_import)
            defined.append(definition)
        else:
            defined.append(f'(func (export "{shim_export(func)}") {_parameters(signature)} (unreachable))')
    exported = set(re.findall(r'\(export "([^"]+)"', streams))
    for name in linked.callbacks:
        imports, definition = _callback(linked, name)
        imported += imports
        defined.append(definition)
        if proxy_name(name) not in exported:
            defined.append(f'(export "{proxy_name(name)}" (func ${name}))')
    defined.append(f'(func (export "{ABI_EXPORTS[abi]}"))')
    defined.append(
        '(func (export "proxy_on_memory_allocate") (param i32) (result i32)'
        " (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get 0)))"
    )
    return "\n".join(["(module", *imported, wasi, *defined, headers, streams, ")"])


def _refuse_unknown(func: HostFunc, abi: str) -> None:
    if func.interface == f"{ABI_PREFIX}redis" and abi != "higress":
        raise MalformedError("it makes Redis calls, which only Higress offers; lower it for the ABI `higress`")
    if not func.interface.startswith((ABI_PREFIX, "wasi:")):
        raise MalformedError(f"it imports {func.interface}, so it was not built for the world `proxy-wasm`")


def proxy_name(name: str) -> str:
    return "proxy_" + name.replace("-", "_")


def _parameters(signature: Signature) -> str:
    return " ".join(
        [*(f"(param {kind})" for kind in signature.params), *(f"(result {kind})" for kind in signature.results)]
    )


def _callback(linked: Linked, name: str) -> tuple[list[str], str]:
    """The imports of an exported function of the guest, and the function `$name` that calls it."""
    callback, after = linked.callbacks[name]
    signature = linked.signature(callback)
    imported = [
        f'(import "{instance_name(callback.instance)}" "{callback.name}" (func $guest-{name} {_parameters(signature)}))'
    ]
    call = f"(call $guest-{name} {' '.join([f'(local.get {index})' for index in range(len(signature.params))])})"
    if after:
        after_signature = Signature(signature.results, ())
        imported.append(
            f'(import "{instance_name(after.instance)}" "{after.name}"'
            f" (func $after-{name} {_parameters(after_signature)}))"
        )
        if signature.results:
            call = (
                f"(local $result {signature.results[0]}) (local.set $result {call})"
                f" (call $after-{name} (local.get $result)) (local.get $result)"
            )
        else:
            call += f" (call $after-{name})"
    return imported, f"(func ${name} {_parameters(signature)} {call})"


def _host_call(func: HostFunc, signature: Signature, frees_arguments: bool) -> tuple[str, str]:
    """The import of a `proxy_*` function and the function that calls it for the guest."""
    name, answer = proxy_name(func.name), ANSWERS.get(func.name)
    if answer is None and signature.results != ("i32",):
        raise MalformedError(f"{func.name} answers with more than a status; shim.ANSWERS must say where")
    ret = len(signature.params) - 1
    params = signature.params if answer is None else (*signature.params[:-1], *["i32"] * len(answer.outputs))
    arguments = [f"(local.get {index})" for index in range(len(signature.params) if answer is None else ret)]
    if answer:
        arguments += [f"(i32.add (local.get {ret}) (i32.const {offset}))" for offset in answer.outputs]
    body = [f"(local.set $status (call ${name} {' '.join(arguments)}))"]
    if frees_arguments:
        body += [f"(call $free (local.get {pointer}))" for pointer in BYTES_ARGUMENTS.get(func.name, ())]
    if answer is None:
        body.append("(local.get $status)")
    elif answer.status is None:
        body.append(f"(i32.store8 (local.get {ret}) (i32.eqz (local.get $status)))")
    else:
        body.append(
            f"(i32.store8 (local.get {ret}) (i32.ne (local.get $status) (i32.const 0)))"
            f" (if (local.get $status) (then"
            f" (i32.store offset={answer.status} (local.get {ret}) (local.get $status))))"
        )
    return (
        f'(import "env" "{name}" (func ${name} {_parameters(Signature(params, ("i32",)))}))',
        f'(func (export "{shim_export(func)}") {_parameters(signature)} (local $status i32) {" ".join(body)})',
    )
