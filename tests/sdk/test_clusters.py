"""What the registries' services are called in Envoy, and which host their requests name."""

from __future__ import annotations

import pytest

from proxywasm import (
    Cluster,
    ConsulCluster,
    DnsCluster,
    FQDNCluster,
    K8sCluster,
    NacosCluster,
    StaticIpCluster,
    TargetCluster,
)


@pytest.mark.parametrize(
    ("cluster", "name", "host"),
    [
        (TargetCluster("c", "h"), "c", "h"),
        (K8sCluster("svc", 80), "outbound|80||svc.default.svc.cluster.local", "svc.default.svc.cluster.local"),
        (K8sCluster("svc", 80, "ns", "v1", "h"), "outbound|80|v1|svc.ns.svc.cluster.local", "h"),
        (NacosCluster("svc", 80, "public"), "outbound|80||svc.DEFAULT-GROUP.public.nacos", "svc"),
        (NacosCluster("svc", 80, "ns", "MY_GROUP", "v", True, "h"), "outbound|80|v|svc.MY-GROUP.ns.nacos-ext", "h"),
        (StaticIpCluster("svc", 80), "outbound|80||svc.static", "svc"),
        (StaticIpCluster("svc", 80, "h"), "outbound|80||svc.static", "h"),
        (DnsCluster("svc", "a.com", 443), "outbound|443||svc.dns", "a.com"),
        (ConsulCluster("svc", "dc1", 80), "outbound|80||svc.dc1.consul", "svc"),
        (ConsulCluster("svc", "dc1", 80, "h"), "outbound|80||svc.dc1.consul", "h"),
        (FQDNCluster("svc.dns", 80), "outbound|80||svc.dns", "svc.dns"),
        (FQDNCluster("svc.dns", 80, "h"), "outbound|80||svc.dns", "h"),
    ],
)
def test_names_and_hosts(cluster: Cluster, name: str, host: str) -> None:
    assert (cluster.cluster_name, cluster.host_name) == (name, host)
