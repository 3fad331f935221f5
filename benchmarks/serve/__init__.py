"""`proxywasm serve` with ai-proxy in Wasm, beside other gateways: what a chat costs, on one processor.

    python -m benchmarks.serve [--peer NAME=URL --pid NAME=PID]... [--header 'NAME: VALUE']... [--upstream-port PORT]

A peer is a gateway that is already running on the first processor (`taskset -c 0`), with this benchmark's model service
as its upstream, `http://127.0.0.1:PORT/v1`. Gateways take turns.
"""
