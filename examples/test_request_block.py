import pytest

from proxywasm.testing import PluginHosts, request

RULES = {"block_urls": ["forbidden"], "block_exact_urls": ["/admin"], "block_regexp_urls": [r"/api/v\d+/blocked"]}
CONFIG = {**RULES, "block_headers": ["malicious"], "block_bodies": ["spam"], "blocked_message": "Access denied"}
CASES = {
    "url_blocked.keyword": request(path="/a/Forbidden/b"),
    "url_blocked.exact": request(path="/ADMIN"),
    "url_blocked.regexp": request(path="/api/v1/blocked?x"),
    "header_blocked": request(headers={"x-note": "Malicious"}),
    "body_blocked": request("POST", "/ok", body=["this is Sp", "am"]),
}


@pytest.mark.parametrize("why", CASES)
def test_what_fits_a_rule_is_refused(plugin_host: PluginHosts, why: str) -> None:
    stream = plugin_host("request_block.py", CONFIG).request(CASES[why])
    assert stream.reply
    assert (stream.reply.status, stream.reply.body) == (403, b"Access denied")
    assert stream.reply.details == f"request-block.{why}"


def test_everything_else_passes(plugin_host: PluginHosts) -> None:
    stream = plugin_host("request_block.py", CONFIG).request("POST", "/admin/ok", body="fine")
    assert (stream.upstream.path, stream.upstream.text) == ("/admin/ok", "fine")
