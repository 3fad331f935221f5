"""Fuzzing: what outsiders could say, and what a plugin could say to its host, at random but repeatable.

A few seconds of it are in every run of the suite, from fixed seeds. `python -m tests.fuzz exchanges --seconds 3600`
and `python -m tests.fuzz boundary --seconds 3600` do it for an hour.
"""
