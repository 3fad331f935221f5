"""The SDK on the Proxy-Wasm ABI: how a plugin runs inside Envoy, Istio or Higress without a host of ours.

`proxywasm.adapters.proxy_wasm` is the entry module; it hands the generated bindings to `Machine`. Nothing here imports
them, so all of it can be read, typed and tested outside of a gateway.
"""
