"""The live gateway: `proxywasm serve` runs a gateway file in this process, with asyncio and Wasmtime."""
