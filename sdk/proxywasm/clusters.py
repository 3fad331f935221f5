"""The services that a plugin can call: a class for each kind of registry, with cluster name and host.

The names are those that Higress gives its clusters: `outbound|<port>|<version>|<service>`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from . import checks
from .core.running import current


class Cluster(ABC):
    """A service: the name of its cluster, and the host to name in requests that do not name another."""

    __slots__ = ()

    @property
    @abstractmethod
    def cluster_name(self) -> str: ...

    @property
    @abstractmethod
    def host_name(self) -> str: ...


def checked_cluster(cluster: Cluster) -> Cluster:
    if not isinstance(cluster, Cluster):
        raise TypeError(f"a client calls a Cluster, got {type(cluster).__name__}")
    return cluster


class _Known(Cluster):
    """The base of all classes below. Fields are checked where an author makes an object."""

    __slots__: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in self.__slots__:
            value, what = getattr(self, field), f"{field} of a {type(self).__name__}"
            match field:
                case "port":
                    checks.number(value, what, 1, 65_535)
                case "is_ext_registry":
                    checks.flag(value, what)
                case _:
                    checks.name(value, what)


@dataclass(frozen=True, slots=True)
class RouteCluster(_Known):
    """The service that the current request is routed to."""

    host: str = ""

    @property
    def cluster_name(self) -> str:
        instance = current("the name of a RouteCluster")
        return (instance.host.get_property(instance.current, ("cluster_name",)) or b"").decode(errors="replace")

    @property
    def host_name(self) -> str:
        ctx = current("the host of a RouteCluster").stream
        return self.host or (ctx.host if ctx else "")


@dataclass(frozen=True, slots=True)
class TargetCluster(_Known):
    """A cluster by its name in Envoy."""

    cluster: str
    host: str

    @property
    def cluster_name(self) -> str:
        return self.cluster

    @property
    def host_name(self) -> str:
        return self.host


@dataclass(frozen=True, slots=True)
class K8sCluster(_Known):
    """A Kubernetes service."""

    service_name: str
    port: int
    namespace: str = "default"
    version: str = ""
    host: str = ""

    @property
    def _domain(self) -> str:
        return f"{self.service_name}.{self.namespace or 'default'}.svc.cluster.local"

    @property
    def cluster_name(self) -> str:
        return f"outbound|{self.port}|{self.version}|{self._domain}"

    @property
    def host_name(self) -> str:
        return self.host or self._domain


@dataclass(frozen=True, slots=True)
class NacosCluster(_Known):
    """A service registered in Nacos; `is_ext_registry` for the registries of EDAS and SAE."""

    service_name: str
    port: int
    namespace_id: str
    group: str = "DEFAULT-GROUP"
    version: str = ""
    is_ext_registry: bool = False
    host: str = ""

    @property
    def cluster_name(self) -> str:
        group = (self.group or "DEFAULT-GROUP").replace("_", "-")
        registry = "nacos-ext" if self.is_ext_registry else "nacos"
        return f"outbound|{self.port}|{self.version}|{self.service_name}.{group}.{self.namespace_id}.{registry}"

    @property
    def host_name(self) -> str:
        return self.host or self.service_name


@dataclass(frozen=True, slots=True)
class StaticIpCluster(_Known):
    """A service with fixed addresses."""

    service_name: str
    port: int
    host: str = ""

    @property
    def cluster_name(self) -> str:
        return f"outbound|{self.port}||{self.service_name}.static"

    @property
    def host_name(self) -> str:
        return self.host or self.service_name


@dataclass(frozen=True, slots=True)
class DnsCluster(_Known):
    """A service found by DNS."""

    service_name: str
    domain: str
    port: int

    @property
    def cluster_name(self) -> str:
        return f"outbound|{self.port}||{self.service_name}.dns"

    @property
    def host_name(self) -> str:
        return self.domain


@dataclass(frozen=True, slots=True)
class ConsulCluster(_Known):
    """A service registered in Consul."""

    service_name: str
    datacenter: str
    port: int
    host: str = ""

    @property
    def cluster_name(self) -> str:
        return f"outbound|{self.port}||{self.service_name}.{self.datacenter}.consul"

    @property
    def host_name(self) -> str:
        return self.host or self.service_name


@dataclass(frozen=True, slots=True)
class FQDNCluster(_Known):
    """A service by its full name, with the suffix of its registry."""

    fqdn: str
    port: int
    host: str = ""

    @property
    def cluster_name(self) -> str:
        return f"outbound|{self.port}||{self.fqdn}"

    @property
    def host_name(self) -> str:
        return self.host or self.fqdn
