"""Two calls, the second with what the first has answered: a session becomes a user, a user becomes permissions."""

from typing import Any

from proxywasm import Action, ClusterClient, FQDNCluster, HttpAnswer, HttpContext, Plugin

plugin: Plugin[ClusterClient] = Plugin("chained-calls")


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> ClusterClient:
    return ClusterClient(FQDNCluster(document["fqdn"], document.get("port", 443)))


@plugin.on_request_headers
def request_headers(ctx: HttpContext, client: ClusterClient) -> Action:
    def session_answered(answer: HttpAnswer) -> None:
        if answer.status != 200:
            ctx.send_http_response(401, {}, "who are you?", details="chained-calls.no_session")
            return
        user = answer.body.decode()
        ctx.request_headers["x-user"] = user
        client.get(f"/permissions?user={user}", permissions_answered)

    def permissions_answered(answer: HttpAnswer) -> None:
        # A service that is down must not lock everybody out: without an answer there are no special permissions.
        ctx.request_headers["x-permissions"] = answer.body.decode() if answer.status == 200 else ""
        ctx.resume_http_request()

    client.get("/session", session_answered, headers={"cookie": ctx.request_headers.get("cookie", "")})
    return Action.PAUSE
