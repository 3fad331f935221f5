"""`python -m benchmarks.lowering`: what each optimisation of the lowering brings.

ai-proxy's module with all of them, beside modules that lack one. Instructions are counted in Wasmtime; processor time,
start and memory are measured in one Envoy, where the modules take turns.
"""
