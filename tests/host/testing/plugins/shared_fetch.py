"""One request fetches a text for all that wait meanwhile; each may then raise, by its path."""

from __future__ import annotations

from proxywasm import Action, ClusterClient, FQDNCluster, HttpAnswer, HttpContext, Plugin, log

plugin: Plugin[object] = Plugin("shared-fetch")
client = ClusterClient(FQDNCluster("texts.example", 80))
waiting: list[HttpContext] = []


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, _: object) -> Action:
    waiting.append(ctx)
    if len(waiting) == 1:
        client.get("/text", answered)
    return Action.PAUSE


def answered(answer: HttpAnswer) -> None:
    streams = waiting.copy()
    waiting.clear()
    for ctx in streams:
        ctx.run(go_on, ctx, answer)
    log.info("%d have been told", len(streams))


def go_on(ctx: HttpContext, answer: HttpAnswer) -> None:
    ctx.request_headers["x-text"] = answer.body.decode()
    if ctx.path == "/raise":
        raise LookupError("nothing of this client's")
    if ctx.path == "/raise-later":
        ctx.resume_http_request()
        raise LookupError("too late")
    if ctx.path == "/ask":
        client.get("/more", lambda more: resume(ctx, more))
        return
    ctx.resume_http_request()


def resume(ctx: HttpContext, answer: HttpAnswer) -> None:
    ctx.request_headers["x-more"] = answer.body.decode()
    ctx.resume_http_request()
