"""HTTP call-outs: `ClusterClient(cluster).get("/path", callback)`. The callback gets the answer.

A call belongs to the stream whose callback makes it: pause the stream (`return Action.PAUSE`) and resume it from the
callback. When the stream ends first, the call is cancelled and the callback not called. Calls made while the plugin
starts, in a tick or in `on_stream_done` belong to the plugin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypedDict, Unpack
from urllib.parse import quote

from . import checks, log
from .checks import MAX_U32
from .clusters import Cluster, checked_cluster
from .connection_headers import without_connection_headers
from .core.definition import Action
from .core.running import current
from .fields import REQUEST_PSEUDO
from .headers import Headers, HeaderValues, to_fields
from .text import encode, to_bytes
from .wire import Fields, LogLevel

DEFAULT_TIMEOUT_MS = 5000
"""Default timeout. The half second of Higress' Go wrapper is too short for calls of models."""

# Characters of a path or query that are not escaped (RFC 3986, 3.3 and 3.4). One is the percent sign: the caller
# may have escaped others already.
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"
_QUERY_SAFE = _PATH_SAFE + "?[]"


OUT_OF_ORDER: Final = frozenset({502, 503, 504})
"""The statuses with which proxies answer for a service that does not respond."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The answer to a call-out."""

    status: int
    """502 if there was no answer, so that code which looks only at the status does the right thing."""
    headers: Headers
    body: bytes
    received: bool
    """False: the service did not answer (timeout, reset, no such host, ...)."""

    @property
    def failed(self) -> bool:
        """Whether the service is out of order: it did not answer, or the answer is 502, 503 or 504.

        A proxy in front of a service that does not answer sends these, for example a load balancer.
        """
        return self.status in OUT_OF_ORDER


AnswerCallback: TypeAlias = Callable[[HttpAnswer], object]
RouteCallback: TypeAlias = Callable[[HttpAnswer], Action | None]


def answer_from(fields: Fields, body: bytes) -> HttpAnswer:
    """The answer, from what the host passes on. Without fields the service did not answer."""
    headers = Headers.sent(fields, "they are those of an answer")
    status = headers.get(":status", "")
    if status.isdecimal():
        return HttpAnswer(int(status), headers, body, received=True)
    return HttpAnswer(502, headers, body, received=False)


def split_url(url: str) -> tuple[str, str]:
    """Authority (empty if the URL has none) and path with query, escaped where the author has not done so.

    Only what begins with a scheme and `://` names an authority. A path may come from a client, who would otherwise name
    another host with `//host/`.

    >>> split_url("http://api.example.com/a b?q=ü"), split_url("health"), split_url("//other/x")
    (('api.example.com', '/a%20b?q=%C3%BC'), ('', '/health'), ('', '//other/x'))
    """
    url = checks.text(url, "a URL")
    scheme, separator, rest = url.partition("://")
    if separator and scheme.isascii() and scheme.isalpha():
        end = min([at for mark in "/?#" if (at := rest.find(mark)) >= 0], default=len(rest))
        authority, rest = rest[:end].rpartition("@")[2], rest[end:]
    else:
        authority, rest = "", url
    path, _, query = rest.partition("#")[0].partition("?")
    target = "/" + quote(to_bytes(path), _PATH_SAFE).removeprefix("/")
    return authority, f"{target}?{quote(to_bytes(query), _QUERY_SAFE)}" if query else target


def message_headers(headers: HeaderValues) -> Fields:
    """The headers of a request that the plugin makes. Authors often pass on those of the client's request.

    Headers for the destination and the length are left out: the call sets them itself.
    """
    fields = to_fields(headers, REQUEST_PSEUDO)
    return without_connection_headers([field for field in fields if field[0] != "host" and field[0][0] != ":"])


def to_body(body: bytes | str) -> bytes:
    if isinstance(body, str):
        return encode(body)
    if not isinstance(body, bytes):
        raise TypeError(f"a body is bytes or str, got {type(body).__name__}")
    return checks.data(body, "a body")


class Options(TypedDict, total=False):
    """Keyword arguments of every method."""

    headers: HeaderValues
    timeout_ms: int


class BodyOptions(Options, total=False):
    """Keyword arguments of methods with a body."""

    body: bytes | str


class ClusterClient:
    """Calls one service.

    Every method raises `HttpCallError` if nothing was sent, for example because the cluster is unknown; then the
    callback will not be called. The host of a full URL is named in the request, but the call goes to the cluster.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = checked_cluster(cluster)

    @property
    def cluster_name(self) -> str:
        return self.cluster.cluster_name

    def request(
        self,
        method: str,
        url: str,
        callback: AnswerCallback,
        *,
        headers: HeaderValues = (),
        body: bytes | str = b"",
        timeout_ms: int = DEFAULT_TIMEOUT_MS,
    ) -> None:
        """Send a request with any method. `url` is a path or a full URL. If it begins with `/`, it is a path.

        The headers may be those of another message: `host`, pseudo-headers, and headers of its connection and about
        its length (`content-length`, `transfer-encoding`, ...) are left out.
        """
        checks.text(method, "a method")
        authority, path = split_url(url)
        checks.function(callback, "the callback of a call-out")
        timeout_ms = checks.number(timeout_ms, "timeout_ms", 1, MAX_U32)
        instance = current("a call-out")
        pseudo = {
            ":method": method,
            ":path": path,
            ":authority": authority or self.cluster.host_name or "unknownhost",
        }
        fields = [*to_fields(pseudo, REQUEST_PSEUDO), *message_headers(headers)]
        data = to_body(body)
        cluster = checks.name(self.cluster.cluster_name, "the name of a cluster")

        def answered(fields: Fields, body: bytes) -> None:
            answer = answer_from(fields, body)
            if log.enabled_for(LogLevel.DEBUG):
                detail = "" if log.is_safe_log_enabled() else f", headers {fields}, body {body!r}"
                end = str(answer.status) if answer.received else "no answer"
                log.debug("%s", f"http call {number} is answered: {end}{detail}")
            callback(answer)

        number = instance.calls.http(instance.stream, cluster, fields, data, timeout_ms, answered)
        if log.enabled_for(LogLevel.DEBUG):
            shown, detail = path, f", headers {fields[3:]}, body {data!r}"
            if log.is_safe_log_enabled():
                shown, detail = path.partition("?")[0], ""  # Some services want their key in the query.
            log.debug("%s", f"http call {number}: {method} {shown} of {cluster}, {timeout_ms} ms{detail}")

    def get(self, url: str, callback: AnswerCallback, **rest: Unpack[Options]) -> None:
        self.request("GET", url, callback, **rest)

    def head(self, url: str, callback: AnswerCallback, **rest: Unpack[Options]) -> None:
        self.request("HEAD", url, callback, **rest)

    def options(self, url: str, callback: AnswerCallback, **rest: Unpack[Options]) -> None:
        self.request("OPTIONS", url, callback, **rest)

    def post(self, url: str, callback: AnswerCallback, **rest: Unpack[BodyOptions]) -> None:
        self.request("POST", url, callback, **rest)

    def put(self, url: str, callback: AnswerCallback, **rest: Unpack[BodyOptions]) -> None:
        self.request("PUT", url, callback, **rest)

    def patch(self, url: str, callback: AnswerCallback, **rest: Unpack[BodyOptions]) -> None:
        self.request("PATCH", url, callback, **rest)

    def delete(self, url: str, callback: AnswerCallback, **rest: Unpack[BodyOptions]) -> None:
        self.request("DELETE", url, callback, **rest)

    def connect(self, url: str, callback: AnswerCallback, **rest: Unpack[BodyOptions]) -> None:
        self.request("CONNECT", url, callback, **rest)

    def trace(self, url: str, callback: AnswerCallback, **rest: Unpack[BodyOptions]) -> None:
        self.request("TRACE", url, callback, **rest)
