"""The paths for administrators: query, set and add, with the paths, parameters and answers of Higress' ai-quota."""

from __future__ import annotations

import json
from typing import Final, Literal
from urllib.parse import parse_qsl

from ai_common import LONGEST_NAME, refuse
from proxywasm import HttpContext

from .balances import Failed
from .configuration import Quota

Call = Literal["query", "refresh", "delta"]
_NOT_ADMIN: Final = "Only the administrator may use this path."
_UNAVAILABLE: Final = "The balance cannot be read or changed now. Try again later."


def call_of(path: str, admin_path: str) -> Call | None:
    """What a path without its query asks for; None: it is not for administrators."""
    if admin_path not in path:  # as nearly always
        return None
    if path.endswith(admin_path):
        return "query"
    if path.endswith(f"{admin_path}/refresh"):
        return "refresh"
    return "delta" if path.endswith(f"{admin_path}/delta") else None


def refuse_others(ctx: HttpContext) -> None:
    refuse(ctx, 403, _NOT_ADMIN, code="permission_denied", details="ai-quota.unauthorized")


def answer(ctx: HttpContext, quota: Quota, call: Call, form: str) -> None:
    """Answer an administrator. `form`: the query, or the body."""
    values = dict(reversed(parse_qsl(form, keep_blank_values=True)))
    consumer = values.get("consumer", "")
    if not 0 < len(consumer) <= LONGEST_NAME:
        _wrong(ctx, "`consumer` must be the name of a consumer.")
        return
    account = quota.account(consumer)
    if call == "query":
        quota.balances.read(account, lambda found: _show(ctx, quota, consumer, found))
        return
    name = "quota" if call == "refresh" else "value"
    try:
        amount = quota.unit.amount(values.get(name, ""))
    except ValueError:
        _wrong(ctx, f"`{name}` must be a number of {quota.unit.name}.")
        return
    done = f"{call} quota successful"
    if call == "refresh":
        quota.balances.put(account, amount, lambda found: _say(ctx, found, done))
    else:
        quota.balances.add(account, amount, lambda found: _say(ctx, found, done))


def _wrong(ctx: HttpContext, message: str) -> None:
    refuse(ctx, 400, message, code="invalid_parameter", details="ai-quota.invalid")


def _show(ctx: HttpContext, quota: Quota, consumer: str, found: int | Failed) -> None:
    if isinstance(found, Failed):
        unavailable(ctx)
        return
    body = json.dumps({"quota": quota.unit.shown(found), "consumer": consumer}, ensure_ascii=False)
    ctx.send_http_response(200, {"content-type": "application/json"}, body, details="ai-quota.queryquota")


def _say(ctx: HttpContext, found: int | Failed, text: str) -> None:
    if isinstance(found, Failed):
        unavailable(ctx)
        return
    ctx.send_http_response(200, {"content-type": "text/plain"}, text, details="ai-quota.changed")


def unavailable(ctx: HttpContext) -> None:
    headers = [("retry-after", "1")]
    refuse(ctx, 503, _UNAVAILABLE, code="quota_unavailable", headers=headers, details="ai-quota.error")
