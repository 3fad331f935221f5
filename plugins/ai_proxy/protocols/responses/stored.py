"""Responses that are kept: the conversation that belongs to one, and the requests for it.

A record has the whole conversation up to its response, so the next request needs no other record.
Source: OpenAI API reference, "Responses": "Get", "Delete", "List input items".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from proxywasm import log

from ...wire import apis, lenient
from ...wire.apis import Route
from ...wire.errors import ApiError
from ...wire.json import Json, dump_bytes, dumps, loads, quote
from ..exchange import Exchange, FinishedResponse, KeptResponses
from ..interface import ResponseWanted
from . import own_ids

_PREFIXES: Final = {"message": "msg", "function_call": "fc", "reasoning": "rs", "custom_tool_call": "ctc"}
_PAGE: Final = 20
_LARGEST_PAGE: Final = 100
_LONGEST_ID: Final = 200
"""Characters of an id that is looked up, and that an error repeats. Ids of this plugin are shorter."""
_BETWEEN: Final = b"\n\nevent: "
"""Between two events. Their data has no line ends."""


class Keeping(NamedTuple):
    """What is kept of a request until its response is complete."""

    kept: KeptResponses
    response_id: str
    """The id that the response gets: nobody can guess it."""
    start: str
    """The record without its response, as JSON text."""

    def finish(self, response: str) -> None:
        """Note the complete response, which `pipeline.stored_responses` then sends to the store."""
        record = f"{self.start}{response}}}".encode(errors="replace")
        self.kept.finished = FinishedResponse(self.response_id, response, record)


def items(body: Json) -> list[Any]:
    """The items of `input`, which a request that continues a response may leave out. Raises `ApiError`."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    if isinstance(given, list) and given:
        return given
    if given is None and body.get("previous_response_id") is not None:
        return []
    if given is None:
        raise ApiError(400, "Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    raise ApiError(400, "input must be a text or a non-empty array of items", param="input", code="invalid_type")


def conversation(exchange: Exchange, body: Json, new: list[Any]) -> list[Any]:
    """The items with those of the earlier conversation in front. Raises `ApiError` and `ResponseWanted`."""
    earlier_id = body.get("previous_response_id")
    if earlier_id is None:
        return new
    kept = exchange.kept_responses
    if kept is not None and isinstance(earlier_id, str) and len(earlier_id) <= _LONGEST_ID:
        if kept.earlier is None:
            raise ResponseWanted(earlier_id)
        record = readable(kept.earlier, exchange.client_headers)
        if record is not None:
            return [*record["input"], *record["response"]["output"], *new]
    raise not_found_before(earlier_id, stored=kept is not None)


def not_found_before(response_id: Any, *, stored: bool) -> ApiError:
    return _not_found(response_id, "it is kept no longer" if stored else "nothing is stored behind this route")


def made_elsewhere(response_id: str) -> ApiError:
    """The error for a response that the service of another model has made."""
    return _not_found(response_id, "the service of another model has made it")


def _not_found(response_id: Any, why: str) -> ApiError:
    """Clients know this code, and send the whole conversation."""
    shown = str(response_id)[:_LONGEST_ID]
    return ApiError(
        400,
        f"Previous response with id '{shown}' not found: {why}; send the whole conversation in `input`",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def expand(exchange: Exchange, body: Json) -> None:
    """Put the conversation in place of an id of our own, for a service with the Responses API: it has never seen that.

    Raises `ApiError` and `ResponseWanted`.
    """
    earlier, new = conversation(exchange, body, []), items(body)
    body["input"] = [*(_without_id(item) for item in earlier if item.get("type") != "reasoning"), *new]
    del body["previous_response_id"]


def _without_id(item: Json) -> Json:
    """An item for a service that has not made it: it would look for its id. Reasoning is left out, because only the
    service that has made it can read it."""
    return {name: value for name, value in item.items() if name not in {"id", "status"}}


def keeping(exchange: Exchange, body: Json, conversation_: list[Any]) -> Keeping | None:
    """How the response is kept; None: it is not."""
    kept = exchange.kept_responses
    if kept is None or body.get("store") is False:
        return None
    response_id = own_ids.new(body)
    unique = response_id.removeprefix("resp_")
    listed = [_with_id(item, f"{unique}_{index}") for index, item in enumerate(lenient.objects(conversation_))]
    owner = exchange.client_headers.get(OWNER, "")
    start = f'{{"owner":{quote(owner)},"input":{dumps(listed)},"response":'
    return Keeping(kept, response_id, start) if len(start) < kept.largest else None


OWNER: Final = "x-mse-consumer"
"""The header in which gateways name an authenticated consumer: others must not read its responses."""


def _with_id(item: Json, name: str) -> Json:
    if item.get("id"):
        return item
    kind = lenient.text(item.get("type")) or "message"
    return {"id": f"{_PREFIXES.get(kind, 'item')}_{name}", "type": kind, **item}


def readable(stored: bytes, headers: Mapping[str, str]) -> Json | None:
    """A record, if there is one and it belongs to this client."""
    if not stored:
        return None
    try:
        record = lenient.mapping(loads(stored))
    except ValueError as error:
        log.error("a response in the store cannot be read: %s", error)
        return None
    if not _is_record(record):
        log.error("the store has something that is not a response")
        return None
    return record if record["owner"] == headers.get(OWNER, "") else None


def _is_record(record: Json) -> bool:
    """Whether it has the form of what `keeping` makes: another program may have written it."""
    response, items = lenient.mapping(record.get("response")), record.get("input")
    return (
        isinstance(record.get("owner"), str)
        and isinstance(items, list)
        and all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in items)
        and isinstance(response.get("id"), str)
        and isinstance(response.get("output"), list)
    )


def answer(method: str, route: Route, query: str, record: Json) -> Json:
    """The answer to a request for a response that is kept. Raises `ApiError`."""
    response: Json = record["response"]
    if route.api == apis.CANCEL_RESPONSE:
        raise ApiError(400, "Cannot cancel a synchronous response.", param="response_id")
    if method == "DELETE":
        return {"id": response["id"], "object": "response", "deleted": True}
    asked = dict(parse_qsl(query))
    if route.api == apis.RESPONSE_INPUT_ITEMS:
        return _page(record["input"], asked)
    if asked.get("stream") == "true":
        raise ApiError(400, "a response that is complete cannot be streamed again", param="stream")
    return response


def not_kept(answer: bytes) -> bytes:
    """An answer, a stream or a whole one, that says that the response is not kept, because the store has failed."""
    if answer.startswith(b"{"):
        return dump_bytes({**lenient.mapping(loads(answer)), "store": False})
    start = answer.index(b"{", last_event(answer))
    event = loads(answer[start:])
    event["response"]["store"] = False
    return answer[:start] + dump_bytes(event) + b"\n\n"


def last_event(events: bytes) -> int:
    """Where the last one of these events begins."""
    before = events.rfind(_BETWEEN)
    return before + 2 if before >= 0 else 0


def _page(items: list[Json], asked: Mapping[str, str]) -> Json:
    size = lenient.digits(asked.get("limit", str(_PAGE)))
    if not 1 <= size <= _LARGEST_PAGE:
        raise ApiError(400, f"limit must be between 1 and {_LARGEST_PAGE}", param="limit", code="invalid_value")
    ordered = items if asked.get("order") == "asc" else items[::-1]
    ids = [item["id"] for item in ordered]
    start = ids.index(asked["after"]) + 1 if asked.get("after") in ids else 0
    page = ordered[start : start + size]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": start + size < len(ordered),
    }
