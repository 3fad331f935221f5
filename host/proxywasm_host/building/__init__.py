"""Build plugins: Python in, a WebAssembly component or a Proxy-Wasm module out."""
