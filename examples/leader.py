"""One of all instances fetches a list for the others: leader election, shared data, and a counter.

Every worker of a gateway has its own instance of a plugin. What they share is shared data.
"""

from typing import Any

from proxywasm import ClusterClient, Counter, FQDNCluster, HttpAnswer, HttpContext, Plugin, PluginContext, shared_data

KEY = "leader-example:blocked"
fetched = Counter("blocklist_fetched")
plugin: Plugin[ClusterClient] = Plugin("leader")


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> ClusterClient:
    return ClusterClient(FQDNCluster(document["fqdn"], 80))


@plugin.on_tick(20_000)
def refresh(plugin: PluginContext) -> None:
    # The lease is 60 seconds: whoever has it renews it here, and another instance takes over when it is gone.
    if plugin.do_leader_election():
        client: ClusterClient = plugin.config
        client.get("/blocklist", keep)


def keep(answer: HttpAnswer) -> None:
    if answer.status == 200:
        shared_data.set(KEY, answer.body)
        fetched.increment()


@plugin.on_request_headers
def request_headers(ctx: HttpContext, client: ClusterClient) -> None:
    entry = shared_data.get(KEY)
    if entry and ctx.request_headers.get("x-user", "") in entry.value.decode().split():
        ctx.send_http_response(403, {}, "blocked", details="leader.blocked")
