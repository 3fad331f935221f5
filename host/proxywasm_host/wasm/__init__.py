"""Load components, run instances of them, and hold their limits, with Wasmtime."""
