"""A plugin that counts over all its instances, and leads where it is the leader, for tests of several workers."""

from __future__ import annotations

from typing import Any

from proxywasm import Counter, Gauge, HttpContext, Plugin, PluginContext, log, plugin_context, shared_data

plugin: Plugin[dict[str, Any]] = Plugin("counting")
requests = Counter("counting_requests")
tenants = Counter("counting_tenants", labels=["tenant"])
level = Gauge("counting_level")


def _one_more(old: bytes | None) -> bytes:
    return b"%d" % (int(old or b"0") + 1)


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    if ctx.path == "/count":
        ctx.send_http_response(200, {}, shared_data.update("count", _one_more))
    elif ctx.path == "/metric":
        requests.increment()
        tenants.increment(tenant="acme")
        level.record(7)
        ctx.send_http_response(200, {}, b"%d" % requests.value)
    elif ctx.path == "/leader":
        ctx.send_http_response(200, {}, b"yes" if plugin_context().is_leader() else b"no")


@plugin.on_tick(100)
def on_tick(context: PluginContext) -> None:
    was = context.is_leader()
    if context.do_leader_election() and not was:
        log.info("this instance leads")
