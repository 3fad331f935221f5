"""The plugin: lets a request go on while its consumer has something left, and takes what its answer has used."""

from __future__ import annotations

import json
import time
from typing import Final

from ai_common import LONGEST_NAME, consumer_of, refuse
from ai_common.seen import Seen, read_log
from proxywasm import Action, HttpContext, Plugin, config, log

from .admin import Call, answer, call_of, refuse_others, unavailable
from .balances import Account, Failed, Taken
from .configuration import Quota, Settings

_CALL: Final = "ai_quota.call"
_STARTED: Final = "ai_quota.started"
_SEEN: Final = "ai_quota.seen"
_LARGEST_FORM: Final = 4096
_BYTES_PER_TOKEN: Final = 4
"""For estimates of what a service has not reported."""
_WHO: Final = "This gateway does not know who sends the request; a plugin for authentication has to come first."
_USED_UP: Final = "The quota of this consumer is used up"


class Started:
    """A request that has passed."""

    __slots__ = ("account", "input", "reserved")

    def __init__(self, account: Account, reserved: int, given: int) -> None:
        self.account: Final = account
        self.reserved: Final = reserved
        self.input: Final = given
        """Tokens of the input, estimated."""


def on_request_headers(ctx: HttpContext, quota: Quota) -> Action:
    path, _, query = ctx.path.partition("?")
    call = call_of(path, quota.admin_path)
    if ctx.method != "POST" and call is None:
        ctx.leave()
        return Action.CONTINUE
    consumer = consumer_of(ctx)
    if not consumer or len(consumer) > LONGEST_NAME:
        refuse(ctx, 401, _WHO, code="invalid_api_key", details="ai-quota.no_key")
        return Action.CONTINUE
    if call is not None:
        return _on_admin(ctx, quota, call, consumer, query)
    ctx.dont_read_request_body()
    return _begin(ctx, quota, quota.account(consumer))


def _on_admin(ctx: HttpContext, quota: Quota, call: Call, consumer: str, query: str) -> Action:
    if consumer != quota.admin:
        refuse_others(ctx)
    elif call == "query" or not ctx.has_request_body:
        answer(ctx, quota, call, query if call == "query" else "")
    else:
        ctx.set_context(_CALL, call)
        ctx.set_request_body_buffer_limit(_LARGEST_FORM)
        return Action.STOP_ITERATION
    _read_nothing(ctx)
    return Action.CONTINUE if ctx.replied else Action.PAUSE


def _read_nothing(ctx: HttpContext) -> None:
    ctx.dont_read_request_body()
    ctx.dont_read_response_body()


def on_request_body(ctx: HttpContext, quota: Quota, body: bytes) -> Action:
    answer(ctx, quota, ctx.get_context(_CALL), body.decode(errors="replace"))
    return Action.CONTINUE if ctx.replied else Action.PAUSE


def _begin(ctx: HttpContext, quota: Quota, account: Account) -> Action:
    waits = False
    length = ctx.request_headers.get("content-length", "")
    given = int(length) // _BYTES_PER_TOKEN if length.isdecimal() and len(length) < 12 else 0

    def decided(taken: Taken | Failed) -> None:
        if isinstance(taken, Failed):
            log.warn("the quota of a consumer cannot be read: %s", taken.reason)
            if not quota.passes_on_failure:
                unavailable(ctx)
                return
        elif not taken.allowed:
            _refuse(ctx, quota, account)
            return
        else:
            ctx.set_context(_STARTED, Started(account, quota.reserve, given))
        if waits:
            ctx.resume_http_request()

    answered: list[Taken | Failed] = []

    def arrived(taken: Taken | Failed) -> None:
        answered.append(taken)
        decided(taken)

    quota.balances.take(account, quota.reserve, arrived)
    if answered:
        return Action.CONTINUE
    waits = True
    return Action.PAUSE


def _refuse(ctx: HttpContext, quota: Quota, account: Account) -> None:
    # Clients would try again in vain: their libraries know this header.
    headers, message = [("x-should-retry", "false")], f"{_USED_UP}."
    if account.month:
        ends = quota.month().ends
        headers.append(("retry-after", str(max(int(ends - time.time()), 1))))
        renewed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
        message = f"{_USED_UP}; it is renewed at {renewed}."
    refuse(
        ctx, 429, message,
        code="insufficient_quota", error_type="insufficient_quota", headers=headers, details="ai-quota.noquota",
    )  # fmt: skip


def on_response_headers(ctx: HttpContext, _: Quota) -> None:
    if ctx.get_context(_STARTED) is None:
        ctx.dont_read_response_body()
        return
    seen = Seen(int(ctx.response_headers.get(":status", "0")))
    seen.complete = not ctx.has_response_body
    ctx.set_context(_SEEN, seen)


def on_chunk(ctx: HttpContext, quota: Quota, chunk: bytes, last: bool) -> None:
    seen: Seen = ctx.get_context(_SEEN)
    seen.feed(chunk)
    if last:
        seen.complete = True
        _settle(ctx, quota)  # before the client can send its next request
        ctx.leave()


def on_stream_done(ctx: HttpContext, quota: Quota) -> None:
    _settle(ctx, quota)


def _settle(ctx: HttpContext, quota: Quota) -> None:
    started: Started | None = ctx.get_context(_STARTED)
    if started is None:
        return
    ctx.set_context(_STARTED, None)
    seen: Seen | None = ctx.get_context(_SEEN)
    text = ctx.get_property("ai_proxy_log")
    given, made, cached = read_log(text) or (
        # A client that leaves before the answer has caused its input all the same.
        (started.input, 0, 0) if seen is None else seen.used(started.input, _BYTES_PER_TOKEN)
    )
    cost = quota.unit.cost(_model(text, seen), given, made, cached)
    if cost != started.reserved:
        quota.balances.add(started.account, started.reserved - cost, _settled)


def _model(text: bytes | None, seen: Seen | None) -> str:
    """That of the service, which has its price."""
    if text:
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if isinstance(said, dict) and isinstance(model := said.get("model"), str):
            return model
    return "" if seen is None else seen.model()


def _settled(found: int | Failed) -> None:
    if isinstance(found, Failed):
        log.error("what a request has used is not taken from its quota: %s", found.reason)


plugin: Plugin[Quota] = Plugin("ai-quota", safe_log=True)
plugin.parse_config(config.reader(Settings, Quota))
plugin.on_request_headers(on_request_headers)
plugin.on_request_body(on_request_body)
plugin.on_response_headers(on_response_headers)
plugin.on_streaming_response_body(read_only=True, batched=True)(on_chunk)
plugin.on_stream_done(on_stream_done)
