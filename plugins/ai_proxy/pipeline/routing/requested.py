"""What a request says of its model and conversation, and the same request for another model."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import parse_qs, quote, urlencode

from proxywasm import HttpContext

from ...protocols.exchange import ClientProtocol
from ...protocols.responses import own_ids
from ...wire import apis, lenient, multipart
from ...wire.apis import Route
from ...wire.errors import ApiError
from ...wire.json import Json, NumberError, dump_converted
from ...wire.multipart import MultipartError
from .. import documents

_FORMS: Final = frozenset({apis.AUDIO_TRANSCRIPTION, apis.AUDIO_TRANSLATION, *apis.IMAGE_FORMS})
_WITHOUT_MODEL: Final = apis.UNREAD - _FORMS
_MODEL_IN_PATH: Final = frozenset({apis.GEMINI_GENERATE, apis.GEMINI_STREAM})
_RESPONSES: Final = frozenset({apis.RESPONSES, apis.COUNT_RESPONSE_TOKENS, apis.COMPACT_RESPONSE})
_KEPT_BY_SERVICES: Final = ("conversation", "prompt")
"""Fields that name what only one service has."""


class Requested(NamedTuple):
    """What a request asks for."""

    route: Route
    client: ClientProtocol
    model: str
    """Empty: the request names none."""
    fixed: bool
    """The model is a part of the path, so it cannot be replaced."""
    document: Json | None
    """Its body, if that is JSON."""
    response_id: str = ""
    """The response that it continues, or wants."""
    is_bound: bool = False
    """It needs what one service keeps: another one cannot answer it."""


def body_names_model(ctx: HttpContext, api: str) -> bool:
    """Whether the model has to be looked for in the body: in JSON, or in a field of a form."""
    if not api or api in _WITHOUT_MODEL or not ctx.has_request_body or ctx.request_is_opaque:
        return False
    content_type = ctx.request_headers.get("content-type", "")
    if multipart.is_form(content_type):
        return True
    return not content_type or "application/json" in content_type.lower()


def keeps_body(ctx: HttpContext, api: str) -> bool:
    """Whether the body of a request whose path has the model is kept, for another provider."""
    return api in _MODEL_IN_PATH and ctx.has_request_body and not ctx.request_is_opaque


def without_body(ctx: HttpContext, route: Route, client: ClientProtocol) -> Requested:
    """A request whose model is in its path or query, or which has none."""
    if model := route.parameters.get("model", ""):
        return Requested(route, client, model, True, None)
    if response_id := route.parameters.get("response_id", ""):
        return Requested(route, client, "", False, None, response_id, not own_ids.is_own(response_id))
    query = parse_qs(ctx.path.partition("?")[2]) if route.api == apis.REALTIME else {}
    return Requested(route, client, query.get("model", [""])[0], False, None)


def of_body(ctx: HttpContext, route: Route, client: ClientProtocol, raw: bytes) -> Requested:
    """A request whose body was read, mostly because it names the model. Raises `ApiError`."""
    if route.api in _MODEL_IN_PATH:
        return without_body(ctx, route, client)
    content_type = ctx.request_headers.get("content-type", "")
    if multipart.is_form(content_type):
        return Requested(route, client, _model_of_form(raw, content_type), False, None)
    document = documents.of_request(raw)
    model = document.get("model")
    if model is not None and not isinstance(model, str):
        raise ApiError(400, "model must be a string", param="model")
    found = Requested(route, client, model or "", False, document)
    return _with_kept(found, document) if route.api in _RESPONSES else found


def _with_kept(asked: Requested, document: Json) -> Requested:
    """With what the request says of things that the gateway or a service keeps."""
    earlier = lenient.text(document.get("previous_response_id"))
    is_bound = (earlier != "" and not own_ids.is_own(earlier)) or any(document.get(name) for name in _KEPT_BY_SERVICES)
    return asked._replace(response_id=earlier, is_bound=is_bound)


def renamed_body(raw: bytes, content_type: str, model: str) -> bytes:
    """The body with another model. Raises `ApiError`."""
    if not multipart.is_form(content_type):
        try:
            return dump_converted({**documents.of_request(raw), "model": model}, raw)
        except NumberError as error:
            raise unwritable(error) from None
    try:
        boundary = multipart.boundary(content_type)
        parts = multipart.read(raw, boundary)
        for part in parts:
            if part.name == "model" and not part.filename:
                part.data = model.encode(errors="replace")
        return multipart.write(parts, boundary)
    except MultipartError as error:
        raise _invalid(error) from None


def unwritable(error: NumberError) -> ApiError:
    """The error for a body that cannot be written with another model."""
    return ApiError(400, f"the request body cannot be converted: {error}", code="invalid_json")


def renamed_query(path: str, model: str) -> str:
    """The path with another model in its query."""
    target, _, query = path.partition("?")
    fields = [(name, value) for name, values in parse_qs(query, True).items() for value in values if name != "model"]
    return f"{target}?{urlencode([*fields, ('model', model)], quote_via=quote)}"


def _model_of_form(raw: bytes, content_type: str) -> str:
    try:
        parts = multipart.read(raw, multipart.boundary(content_type))
    except MultipartError as error:
        raise _invalid(error) from None
    found = next((part for part in parts if part.name == "model" and not part.filename), None)
    return "" if found is None else found.data.decode(errors="replace").strip()


def _invalid(error: MultipartError) -> ApiError:
    return ApiError(400, f"the request body is not a valid form: {error}", code="invalid_form")
