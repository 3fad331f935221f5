"""Record which branches of CPython are taken: `python -m tools.branch_hints tests/conformance/*/*.json`.

Replays the exchanges, which takes a minute, and writes the `*.hints` files of `proxywasm_host.lowering.hints`. Run it
when the pinned version of componentize-py changes, after an update of `proxywasm_host.lowering.known`.
"""
