"""Only public addresses of files are fetched, in all notations."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_proxy.fetching.public_address import is_public

PUBLIC = [
    "https://example.com",
    "https://example.com/a.png?x=1#y",
    "HTTP://Example.COM:8080/ü b.png",
    "https://example.com./a.png",
    "https://xn--bcher-kva.example/a.png",
    "https://my_bucket.s3.example.com/a%20b.png",
    "https://local.example/x",
    "https://93.184.216.34/x",
    "https://[2606:2800:220:1::1]:443/x",
]
PRIVATE_HOSTS = [
    # Names of this machine and this network.
    "localhost", "LOCALHOST", "localhost.", "localhost..", "a.localhost", "printer.local.", "db", "db.",
    "ip6-localhost",
    "metadata.google.internal", "metadata.google.internal.", "instance-data.ec2.internal", "metadata",
    "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.", "kubernetes.default.svc.cluster.local",
    "router.lan", "router.home.arpa", "x.localdomain", "wiki.corp", "1.0.0.127.in-addr.arpa", "",
    ".", "a..example.com", ".example.com", "-a.example.com",
    # IPv4, in all ways that `inet_aton` reads, and what only looks like it.
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "0x7f.0.0.1", "0x7F000001", "2130706433", "2130706433.",
    "017700000001",
    "0177.0.0.01", "0", "0.0.0.0", "0x", "10.1", "0xa9.0xfe.0xa9.0xfe", "169.254.169.254", "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16", "172.31.255.255", "192.168.0.1", "198.19.0.1", "224.0.0.1", "239.255.255.250", "255.255.255.255",
    "256.0.0.1", "8.8.8.8.8", "4294967296", "1.2.3.08", "example.0x7f", "example.127", "9" * 100_000,
    # IPv6, and IPv4 inside it.
    "[::1]", "[::]", "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[2606:2800:220:1::1%25eth0]",
    "[fd00:ec2::254]",
    "[fec0::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]", "[2606::5efe:127.0.0.1]", "[2606::200:5efe:127.0.0.1]", "[2001:db8::1]", "[::1", "::1",
    "[1]",
    # What readers of URLs do not agree about.
    "user@example.com", "example.com@127.0.0.1", "127.0.0.1@example.com", "example.com:80@127.0.0.1",
    "a:b@example.com",
    "ｌｏｃａｌｈｏｓｔ", "127。0。0。1", "127．0．0．1", "①②⑦.0.0.1", "example。com", "bücher.example",
    "%31%32%37.0.0.1", "localhost%2e", "%6c%6f%63alhost", "example.com%00.internal", "exa%6dple.com",
    "example.com\\@127.0.0.1", "exa\tmple.com", "exa\nmple.com", " example.com", "example.com\0", "example.com ",
    "\ud800",
    # Ports.
    "example.com:", "example.com:0", "example.com:65536", "example.com:80x", "example.com:-1", "example.com:٨٠",
    "example.com:" + "9" * 100_000, "localhost:80", "127.1:80", "[::1]:80",
]  # fmt: skip


@pytest.mark.parametrize("url", PUBLIC)
def test_an_address_of_the_internet_is_public(url: str) -> None:
    assert is_public(url)


@pytest.mark.parametrize("host", PRIVATE_HOSTS, ids=lambda host: ascii(host)[:40])
def test_no_other_way_to_write_an_address_of_this_network_is_public(host: str) -> None:
    for url in (f"http://{host}/x", f"https://{host}", f"https://{host}?x", f"https://{host}#x"):
        assert not is_public(url)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.com", "file:///etc/passwd", "//example.com/x", "https:example.com", "https:/example.com",
    "data:,x",
     " https://example.com", "https://example.com/a\\b", "https://example.com/\n", "https://example.com/\ud800",
     "https:///x", "https://?x", "gs://bucket/x", "https://\\example.com/"],
)  # fmt: skip
def test_only_plain_http_urls_are_public(url: str) -> None:
    assert not is_public(url)


@given(st.ip_addresses())
def test_no_address_is_public_that_the_standard_library_takes_for_private(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    if not address.is_global:
        assert not is_public(f"http://{host}/")


@given(st.ip_addresses(v=4))
def test_all_ways_to_write_an_ipv4_address_are_judged_alike(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    a, b, c, d = address.packed
    ways = [str(number), hex(number), f"0{number:o}", f"{a}.{number & 0xFFFFFF}", f"{a:#x}.0{b:o}.{number & 0xFFFF}"]
    ways += [f"{a}.{b}.{c}.{d}.", f"0{a:o}.{b:#x}.{c}.{d:#X}"]
    assert {is_public(f"http://{way}/") for way in ways} == {is_public(f"http://{address}/")}
