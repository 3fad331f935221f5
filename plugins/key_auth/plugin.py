"""The plugin: decides about each request when its headers have arrived."""

from __future__ import annotations

from typing import Final

from ai_common import CONSUMER, refuse
from proxywasm import HttpContext, Plugin, config

from .configuration import Access, RuleSettings, Settings, parse, parse_rule

_NO_KEY: Final = (
    "You didn't provide an API key. Send it in a header that this gateway expects, such as `Authorization: Bearer KEY`."
)
_SEVERAL: Final = "The request has several different API keys. Send one."
_UNKNOWN: Final = "Incorrect API key provided."
_FORBIDDEN: Final = "This API key may not be used on this route."


def on_request_headers(ctx: HttpContext, access: Access) -> None:
    gate = access.gate
    keys = gate.sources.keys(ctx)
    consumer = gate.keyring.consumer(keys[0]) if len(keys) == 1 else ""
    if consumer:
        gate.sources.remove(ctx, keys[0])
    if access.needs_key:
        if not consumer:
            _refuse(ctx, access, keys)
            return
        if access.allowed is not None and consumer not in access.allowed:
            refuse(ctx, 403, _FORBIDDEN, code="permission_denied", details="key-auth.unauthorized")
            return
    if consumer:
        ctx.request_headers[CONSUMER] = consumer
    elif CONSUMER in ctx.request_headers.first:
        ctx.request_headers.discard(CONSUMER)  # a client cannot say who it is
    ctx.leave()


def _refuse(ctx: HttpContext, access: Access, keys: list[str]) -> None:
    if len(keys) > 1:
        message, details = _SEVERAL, "key-auth.multi_key"
    elif keys:
        message, details = _UNKNOWN, "key-auth.unknown_key"
    else:
        message, details = _NO_KEY, "key-auth.no_key"
    headers = [access.gate.challenge]
    refuse(ctx, 401, message, code="invalid_api_key", headers=headers, details=details)


plugin: Plugin[Access] = Plugin("key-auth", safe_log=True)
plugin.parse_config(config.reader(Settings, parse))
plugin.parse_override_config(config.rule_reader(RuleSettings, parse_rule))
plugin.on_request_headers(on_request_headers)
