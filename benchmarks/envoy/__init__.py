"""Ours beside the original's Go plugin in one Envoy, and Envoy alone: `python -m benchmarks.envoy`.

All are listeners of one Envoy with one worker, which has a processor to itself; clients and upstream have another.
They take turns, and what is compared is processor time of Envoy: what others do on the same machine changes it little.
"""
