"""Fits a converted chat to what its service accepts. Requests that are not converted stay as their clients wrote them.

Each part of the conversation is looked at once. What is left out is in the log.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from proxywasm import log

from ...wire.files import registered
from ...wire.json import Json
from ..exchange import Exchange
from . import legacy_functions, tool_fitting, turns
from .blank import is_blank
from .call_ids import CallIds
from .chat_rules import ChatRules
from .identifiers import call_id
from .legacy_functions import History
from .thinking_blocks import SIGNED
from .tool_calls import NO_ARGUMENTS
from .tool_fitting import Names

_NO_USER: Final = "."
"""What the user says in front of an answer without a question."""
_FAILED: Final = "Error: "
_MEDIA_TYPE: Final = re.compile(r"data:([^;,]{1,100})", re.IGNORECASE)


def fit(exchange: Exchange, body: Json, rules: ChatRules) -> None:
    """Change the body in place."""
    if "functions" in body or "function_call" in body:
        exchange.legacy_functions = legacy_functions.translate(body)
    names = Names(rules.names)
    if not tool_fitting.FIELDS.isdisjoint(body):
        tool_fitting.fit(body, rules, names)
    given = body.get("messages")
    if isinstance(given, list):
        fitted = body["messages"] = _Messages(rules, names).fitting(given)
        if not exchange.profile.prefill and turns.ends_with_answer(fitted):
            fitted.append(turns.wish_to_continue())
    if "stop" in body:
        _fit_stops(body, rules)
    if "user" in body:
        _fit_user(body, rules)
    exchange.tool_names = names.originals


def fit_ids(body: Json, accepted: re.Pattern[str]) -> bool:
    """Only the ids of calls, which may be another service's; whether anything changed."""
    given = body.get("messages")
    if not isinstance(given, list):
        return False
    changed = False
    for message in given:
        if not isinstance(message, dict):
            continue
        if isinstance(old := message.get("tool_call_id"), str) and (new := call_id(old, accepted)) != old:
            message["tool_call_id"] = new
            changed = True
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            old = call.get("id") if isinstance(call, dict) else None
            if isinstance(old, str) and (new := call_id(old, accepted)) != old:
                call["id"] = new
                changed = True
    return changed


class _Messages:
    """Fits the messages of one request."""

    def __init__(self, rules: ChatRules, names: Names) -> None:
        self._rules = rules
        self._names = names
        self._ids = CallIds(rules.ids)
        self._history = History()

    def fitting(self, given: list[Any]) -> list[Any]:
        result: list[Json] = []
        blank: list[Json] = []
        begun = False
        for message in given:
            if not isinstance(message, dict):
                return given  # The service protocol refuses it, or the service.
            content = message.get("content")
            # Most messages are a role and a text. A call for each would cost more than all else here.
            plain = len(message) == 2 and isinstance(content, str) and content[:1].isalnum()
            fitting = message if plain else self._message(message)
            if fitting is None:
                log.debug("a message of the role %s left out: it has no visible content", message.get("role"))
                blank.append({"role": message.get("role"), "content": ""})
                continue
            role = fitting.get("role")
            if not begun and role not in ("system", "developer"):
                begun = True
                if role == "assistant" and self._rules.user_first:
                    result.append({"role": "user", "content": _NO_USER})
            result.append(fitting)
        # Without any message there is no request; what to say of an empty one is left to the service.
        return result if begun else [*result, *blank]

    def _message(self, message: Json) -> Json | None:
        """The message with what the service accepts; None if it says nothing."""
        if "function_call" in message or message.get("role") == "function":
            message = self._history.message(message) if legacy_functions.is_legacy(message) else message
        content = message.get("content")
        if isinstance(content, str):
            says = content[:1].isalnum() or not is_blank(content)
        elif isinstance(content, list):
            parts = self._parts(content)
            says = bool(parts)
            if parts != content:
                message = {**message, "content": parts}
        else:
            says = False
        if "cache_control" in message and not self._rules.cache_control:
            message = {key: value for key, value in message.items() if key != "cache_control"}
        role = message.get("role")
        if role == "tool":
            return self._result(message)
        if role == "assistant":
            return self._answer(message, says=says)
        return message if says else None

    def _answer(self, message: Json, *, says: bool) -> Json | None:
        if not self._rules.signed_thinking and not SIGNED.isdisjoint(message):
            message = {name: value for name, value in message.items() if name not in SIGNED}
        calls = message.get("tool_calls")
        if not says and isinstance(refusal := message.get("refusal"), str) and not is_blank(refusal):
            message, says = {**message, "content": refusal}, True
        if isinstance(calls, list) and calls:
            self._ids.begin_turn()
            message = {**message, "tool_calls": [self._call(call) for call in calls]}
        elif not says:
            if not (self._rules.signed_thinking and any(message.get(name) for name in SIGNED)):
                return None
        else:
            return message
        return message if says or message.get("content") is None else {**message, "content": None}

    def _call(self, call: Any) -> Any:
        if not isinstance(call, dict):
            return call
        changed: Json = {}
        given = call.get("id")
        given = given if isinstance(given, str) else ""
        if (fitting_id := self._ids.called(given)) != given:
            changed["id"] = fitting_id
        function = call.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(name, str) and (fitting := self._names.fitting(name)) != name:
            function = changed["function"] = {**call["function"], "name": fitting}
        if isinstance(function, dict) and function.get("arguments") == "":
            changed["function"] = {**function, "arguments": NO_ARGUMENTS}  # Services refuse what is no JSON.
        return {**call, **changed} if changed else call

    def _result(self, message: Json) -> Json:
        changed: Json = {}
        given = message.get("tool_call_id")
        given = given if isinstance(given, str) else ""
        if (fitting_id := self._ids.answered(given)) != given:
            changed["tool_call_id"] = fitting_id
        if isinstance(name := message.get("name"), str) and (fitting := self._names.fitting(name)) != name:
            changed["name"] = fitting
        if "is_error" in message and not self._rules.failed_results:
            failed = message["is_error"] is True
            message = {key: value for key, value in message.items() if key != "is_error"}
            if failed:
                changed["content"] = _as_failure(message.get("content"))
        return {**message, **changed} if changed else message

    def _parts(self, content: list[Any]) -> list[Any]:
        return [self._part(part) for part in content if not _says_nothing(part)]

    def _part(self, part: Any) -> Any:
        if not isinstance(part, dict):
            return part
        if "cache_control" in part and not self._rules.cache_control:
            part = {key: value for key, value in part.items() if key != "cache_control"}
        kind = part.get("type")
        if kind == "file" and not self._rules.file_urls:
            return _without_address(part)
        return _with_media_type(part) if kind == "image_url" else part


def _says_nothing(part: Any) -> bool:
    text = part.get("text") if isinstance(part, dict) else part
    return isinstance(text, str) and not text[:1].isalnum() and is_blank(text)


def _as_failure(content: Any) -> Any:
    """A result that says in its text that the tool has failed."""
    if isinstance(content, list):
        return [{"type": "text", "text": _FAILED.strip()}, *content]
    return _FAILED + content if isinstance(content, str) else content


def _with_media_type(part: Json) -> Json:
    """An image in a data URL under the registered name of its media type."""
    image = part.get("image_url")
    if not isinstance(image, dict) or not isinstance(url := image.get("url"), str):
        return part
    if (found := _MEDIA_TYPE.match(url)) is None or (name := registered(found[1])) == found[1]:
        return part
    return {**part, "image_url": {**image, "url": f"data:{name}{url[found.end() :]}"}}


def _without_address(part: Json) -> Json:
    """A file that is given by its address, as text: the service reads no addresses."""
    file = part.get("file")
    if not isinstance(file, dict) or not isinstance(url := file.get("file_url"), str):
        return part
    title = file.get("filename")
    return {"type": "text", "text": f"{title}\n{url}" if isinstance(title, str) and title else url}


def _fit_stops(body: Json, rules: ChatRules) -> None:
    given = body["stop"]
    stops = given if isinstance(given, list) else [given]
    kept = [stop for stop in stops if not (isinstance(stop, str) and not _is_stop(stop, rules))]
    if rules.most_stops:
        kept = kept[: rules.most_stops]
    if len(kept) < len(stops):
        log.warn("%d of %d stop sequences left out: the upstream refuses them", len(stops) - len(kept), len(stops))
        if kept:
            body["stop"] = kept
        else:
            del body["stop"]


def _is_stop(stop: str, rules: ChatRules) -> bool:
    return stop != "" and (rules.blank_stops or not is_blank(stop))


def _fit_user(body: Json, rules: ChatRules) -> None:
    user = body["user"]
    if not rules.user:
        del body["user"]
    elif rules.longest_user and isinstance(user, str) and len(user) > rules.longest_user:
        # Whom the name stands for is the client's affair: what matters is that it stays the same.
        body["user"] = hashlib.sha256(user.encode(errors="surrogatepass")).hexdigest()
