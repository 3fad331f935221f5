"""Limits on what clients may use, over the gateway's shared data or Redis.

>>> from proxywasm import limits
>>> minute = limits.Window(100, seconds=60)
>>> limiter = limits.Limiter("my-plugin", limits.SharedStorage())  # doctest: +SKIP
>>> limiter.take([limits.Demand(minute, "li")], decided)  # doctest: +SKIP

`docs/rate-limits.md` says by how much a limit may be exceeded with each storage, and why.
"""

from .kinds import MOST, Bucket, Demand, Limit, Places, Standing, Window
from .limiter import Decision, Holding, Limiter
from .redis import RedisStorage
from .shared import SharedStorage

__all__ = [
    "MOST",
    "Bucket",
    "Decision",
    "Demand",
    "Holding",
    "Limit",
    "Limiter",
    "Places",
    "RedisStorage",
    "SharedStorage",
    "Standing",
    "Window",
]
