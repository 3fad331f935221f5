"""Shared data and metrics of plugins that run in several processes: a store in memory that the processes share.

The store is LMDB in a file of a temporary folder, in memory where the system has a file system for that. A write is a
transaction under a lock that the system frees if its owner dies; what was not committed then is not there. Nothing is
meant to outlive the gateway. `benchmarks/workers` compares LMDB with what else could have been taken.
"""

from __future__ import annotations

from .data import StoredData, withdraw_leases
from .metrics import StoredMetrics
from .store import Store, StoreError

__all__ = ["Store", "StoreError", "StoredData", "StoredMetrics", "withdraw_leases"]
