"""Record which branches of CPython are taken: `python -m tools.branch_hints tests/conformance/*/*.json`.

Replays the exchanges (a minute) and writes the `*.hints` files of `proxywasm_host.building.proxy_wasm.hints`.
Run it when the pinned version of componentize-py changes, after an update of `known.py` in the package above it.
"""
