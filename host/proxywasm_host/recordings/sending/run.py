"""Send many recorded requests, some at a time, and judge the answers."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from ...gateway.live.origins import ConnectError, Origin, OriginLimits, Origins
from ..compare import Difference, Verdict, compare_answers
from ..exchange import Exchange, Message
from ..results import answer_of
from .client import ask
from .requests import request_fields

_CONNECT_SECONDS: Final = 10.0
_SLACK_MS: Final = 2000
"""That the clock of the gateway may be ahead or behind."""


class TargetError(ValueError):
    """The URL is not that of a gateway."""


@dataclass(frozen=True, slots=True)
class Target:
    origin: Origin
    authority: str
    """For the Host header."""

    @classmethod
    def of(cls, url: str) -> Target:
        """Raises `TargetError`."""
        wrong = f"--to: expected the URL of a gateway without a path, such as http://127.0.0.1:8080, got {url!r}"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise TargetError(wrong) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or not re.fullmatch("[!-~]+", url):
            raise TargetError(wrong)
        if parts.username is not None:
            raise TargetError("--to: a credential has no place in the URL; give it with --credential-env")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise TargetError(wrong)
        secure = parts.scheme == "https"
        return cls(Origin(secure, parts.hostname, port or (443 if secure else 80)), parts.netloc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How requests are sent.

    Attributes:
        seconds: for one exchange.
        keep_host: send the recorded Host header instead of the target's.
        pace: begin each request when it began in the recording, instead of as soon as possible.
    """

    target: Target
    concurrency: int = 8
    seconds: float = 60.0
    credential: str | None = None
    keep_host: bool = False
    pace: bool = False


async def send_all(
    exchanges: Sequence[Exchange], sending: Sending, judged: Callable[[Exchange, Verdict], None]
) -> list[Verdict]:
    """`judged` gets each exchange with its verdict, as soon as there is one."""
    origins = Origins(limits=OriginLimits(connect_seconds=_CONNECT_SECONDS, idle_connections=sending.concurrency))
    turns = asyncio.Semaphore(sending.concurrency)
    loop = asyncio.get_running_loop()
    began = loop.time()
    first = min((each.time_ns for each in exchanges if each.time_ns is not None), default=0)
    verdicts: list[Verdict] = []

    async def one(exchange: Exchange) -> None:
        if sending.pace and exchange.time_ns is not None:
            await asyncio.sleep(began + (exchange.time_ns - first) / 1e9 - loop.time())
        async with turns:
            verdict = await _send(exchange, sending, origins)
        verdicts.append(verdict)
        judged(_with_credential(exchange, sending.credential), verdict)

    try:
        async with asyncio.TaskGroup() as tasks:
            for exchange in exchanges:
                tasks.create_task(one(exchange))
    finally:
        await origins.close()
    return verdicts


async def _send(exchange: Exchange, sending: Sending, origins: Origins) -> Verdict:
    target = sending.target
    fields = request_fields(
        exchange.request,
        scheme="https" if target.origin.secure else "http",
        authority=None if sending.keep_host else target.authority,
        credential=sending.credential,
    )
    began = int(time.time() * 1000) - _SLACK_MS
    try:
        async with asyncio.timeout(sending.seconds):
            answer = await ask(origins, target.origin, fields, exchange.request.body)
    except TimeoutError:
        answer = f"no whole answer within {sending.seconds:g} s"
    except (ConnectError, ValueError) as error:
        answer = str(error)
    return _verdict(exchange, answer, (began, int(time.time() * 1000) + _SLACK_MS))


def _verdict(exchange: Exchange, answer: Message | str, when: tuple[int, int]) -> Verdict:
    if isinstance(answer, str):
        return Verdict("different", (Difference("answer", "an answer", answer),))
    expected = answer_of(exchange)
    if expected is None:
        return Verdict("nothing expected")
    found = tuple(compare_answers(expected, answer, exchange, when))
    if expected.unfinished != answer.unfinished:
        ends = {True: "no end", False: "an end"}
        found = (*found, Difference("answer.end", ends[expected.unfinished], ends[answer.unfinished]))
    return Verdict("different" if found else "same", found)


def _with_credential(exchange: Exchange, credential: str | None) -> Exchange:
    """The exchange for a report, which masks what its request has as credentials."""
    if credential is None:
        return exchange
    request = replace(exchange.request, headers=[*exchange.request.headers, ("authorization", f"Bearer {credential}")])
    return replace(exchange, request=request)
