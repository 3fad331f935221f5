"""Write plugins for HTTP gateways in Python.

>>> from proxywasm import HttpContext, Plugin
>>> plugin = Plugin("hello")
>>> @plugin.on_request_headers
... def greet(ctx: HttpContext, config: object) -> None:
...     ctx.request_headers["x-hello"] = "world"
"""

from . import log, shared_data
from .clusters import (
    Cluster,
    ConsulCluster,
    DnsCluster,
    FQDNCluster,
    K8sCluster,
    NacosCluster,
    RouteCluster,
    StaticIpCluster,
    TargetCluster,
)
from .context import HttpContext
from .core.definition import Action
from .core.stream_state import ExecutionPhase
from .errors import ConfigError, ForeignFunctionError, HttpCallError, LimitError, RedisCallError, RedisError, RuleError
from .headers import Headers
from .helpers import get_value_from_body, marshal_str, unify_sse_chunk, unmarshal_str
from .http_client import ClusterClient, HttpAnswer
from .json_bounds import JsonBounds, JsonTooComplexError
from .metrics import Counter, Gauge, Histogram
from .plugin import Plugin
from .plugin_context import PluginContext, plugin_context
from .redis import RedisClient
from .redis_answer import RedisAnswer
from .sse import Event, SSEDecoder, SSEError, encode_event
from .token_usage import TokenUsage, get_token_usage

__all__ = [
    "Action",
    "Cluster",
    "ClusterClient",
    "ConfigError",
    "ConsulCluster",
    "Counter",
    "DnsCluster",
    "Event",
    "ExecutionPhase",
    "FQDNCluster",
    "ForeignFunctionError",
    "Gauge",
    "Headers",
    "Histogram",
    "HttpAnswer",
    "HttpCallError",
    "HttpContext",
    "JsonBounds",
    "JsonTooComplexError",
    "K8sCluster",
    "LimitError",
    "NacosCluster",
    "Plugin",
    "PluginContext",
    "RedisAnswer",
    "RedisCallError",
    "RedisClient",
    "RedisError",
    "RouteCluster",
    "RuleError",
    "SSEDecoder",
    "SSEError",
    "StaticIpCluster",
    "TargetCluster",
    "TokenUsage",
    "encode_event",
    "get_token_usage",
    "get_value_from_body",
    "log",
    "marshal_str",
    "plugin_context",
    "shared_data",
    "unify_sse_chunk",
    "unmarshal_str",
]
