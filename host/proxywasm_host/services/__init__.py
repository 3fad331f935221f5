"""The functions that a host offers to a plugin during a phase: the implementation of `wire.Host`.

Native programs call it directly, components through their imports. It does no I/O: it collects call-outs for the caller
to carry out, and collects log messages or passes them on.
"""

from .calls import HttpCall, RedisCall, RedisSettings
from .clock import Clock
from .host import ForeignFunction, HostServices
from .limits import Limits
from .logs import LogRecord
from .metrics import SAMPLES, Metric, Metrics
from .properties import Properties
from .shared_data import SharedData

__all__ = [
    "SAMPLES",
    "Clock",
    "ForeignFunction",
    "HostServices",
    "HttpCall",
    "Limits",
    "LogRecord",
    "Metric",
    "Metrics",
    "Properties",
    "RedisCall",
    "RedisSettings",
    "SharedData",
]
