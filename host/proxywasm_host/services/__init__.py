"""What a host offers to a plugin in the middle of a phase: the one implementation of the port `wire.Host`.

Native programs call it directly, components through their imports. It does no I/O: call-outs are collected for the
caller to carry out, log messages are collected or handed on.
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
