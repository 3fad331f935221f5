"""One link of a chain: its configuration says what it does in which phase, and it logs each phase that it sees.

{"name": "a", "edit": true, "hold": "response", "pause": "request", "inject": true,
 "reply": "response_body", "raise": "request_headers", "share": true}
"""

from __future__ import annotations

from typing import Any

from proxywasm import Action, ClusterClient, Counter, FQDNCluster, HttpAnswer, HttpContext, Plugin, log, shared_data

Config = dict[str, Any]

plugin: Plugin[Config] = Plugin("link")
service = ClusterClient(FQDNCluster("service.example", 80))
passed = Counter("link_passed")
_DEFAULTS: Config = {"edit": False, "hold": (), "pause": (), "inject": False, "reply": "", "raise": "", "share": False}


@plugin.parse_config
def parse(document: Config) -> Config:
    return _DEFAULTS | document


def enter(ctx: HttpContext, config: Config, phase: str, detail: str = "") -> bool:
    """Do what is the same in all phases. Whether the stream is answered."""
    log.info("%s", f"{config['name']} {phase} {detail}".rstrip())
    if config["raise"] == phase:
        raise RuntimeError(f"{config['name']} fails in {phase}")
    if config["reply"] == phase and not ctx.replied:
        name = config["name"]
        ctx.send_http_response(418, {f"x-{name}-reply": phase}, f"reply of {name}", details=f"link_{name}")
        return True
    return False


def first_action(config: Config, direction: str) -> Action | None:
    if direction in config["pause"]:
        return Action.PAUSE
    return Action.STOP_ITERATION if direction in config["hold"] else None


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action | None:
    if config["inject"]:
        ctx.need_pause_streaming_response()
    if enter(ctx, config, "request_headers"):
        return None
    ctx.request_headers[f"x-{config['name']}"] = "request"
    if config["share"]:
        leave(ctx, config["name"])
    if "request" in config["hold"]:
        ctx.buffer_request_body()
    elif not config["edit"] and config["reply"] != "request_body" and config["raise"] != "request_body":
        ctx.dont_read_request_body()
    if "request" in config["pause"]:

        def answered(answer: HttpAnswer) -> None:
            if enter(ctx, config, "request_call", str(answer.status)):
                return
            ctx.request_headers[f"x-{config['name']}-answer"] = answer.body.decode()
            ctx.resume_http_request()

        service.get(f"/{config['name']}/request", answered)
    return first_action(config, "request")


def leave(ctx: HttpContext, name: str) -> None:
    """A trace in everything that plugins may share; a header says what was there before."""
    entry = shared_data.get("link")
    found = (ctx.get_property("link") or b"", entry.value if entry else b"")
    ctx.request_headers[f"x-{name}-found"] = ", ".join(value.decode() or "nothing" for value in found)
    ctx.set_property("link", f"property of {name}".encode())
    shared_data.set("link", f"data of {name}".encode())
    passed.increment()


@plugin.on_streaming_request_body
def request_chunk(ctx: HttpContext, config: Config, chunk: bytes, last: bool) -> bytes:
    if enter(ctx, config, "request_body"):
        return chunk
    return _edited(config, chunk, last) if config["edit"] else chunk


@plugin.on_request_body
def request_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    if not enter(ctx, config, "request_body"):
        ctx.replace_request_body(_whole(config, body))


@plugin.on_response_headers
def response_headers(ctx: HttpContext, config: Config) -> Action | None:
    details = (ctx.get_property("response", "code_details") or b"").decode()
    if enter(ctx, config, "response_headers", f"{ctx.response_headers[':status']} {details}"):
        return None
    ctx.response_headers[f"x-{config['name']}"] = "response"
    if "response" in config["hold"]:
        ctx.buffer_response_body()
    elif not (config["edit"] or config["inject"] or "response_body" in (config["reply"], config["raise"])):
        ctx.dont_read_response_body()
    if "response" in config["pause"]:

        def answered(answer: HttpAnswer) -> None:
            if enter(ctx, config, "response_call", str(answer.status)):
                return
            ctx.response_headers[f"x-{config['name']}-answer"] = answer.body.decode()
            ctx.resume_http_response()

        service.get(f"/{config['name']}/response", answered)
    return first_action(config, "response")


@plugin.on_streaming_response_body
def response_chunk(ctx: HttpContext, config: Config, chunk: bytes, last: bool) -> bytes | None:
    if enter(ctx, config, "response_body"):
        return None
    if config["inject"]:
        ctx.inject_response_body(_edited(config, chunk, last), last)
        return None
    return _edited(config, chunk, last) if config["edit"] else chunk


@plugin.on_response_body
def response_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    if not enter(ctx, config, "response_body"):
        ctx.replace_response_body(_whole(config, body))


@plugin.on_stream_done
def done(ctx: HttpContext, config: Config) -> None:
    del ctx
    log.info("%s", f"{config['name']} done")


def _edited(config: Config, chunk: bytes, last: bool) -> bytes:
    """The same bytes twice, and a mark at the end: the same for any chunking."""
    twice = b"".join(bytes((byte, byte)) for byte in chunk)
    return twice + f"<{config['name']}>".encode() * last


def _whole(config: Config, body: bytes) -> bytes:
    return b"%s[%s]" % (config["name"].encode(), body)
