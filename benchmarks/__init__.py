"""Benchmarks against other products. They lie outside of the package, which has `proxywasm_host.bench`."""
