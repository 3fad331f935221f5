"""Show an exchange: the client's request, the upstream's request, the response, and what a chat client would show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from proxywasm.replies import PLUGIN_FAILED

from .. import bodies
from ..bodies import JsonBody, SseBody
from ..exchange import Exchange, chunk_from_json
from ..masking import Masker
from ..transcript import Transcript, transcript
from .content import events_of, log_style, one_line, whole_body
from .lines import QUIET, Lines

Result = Mapping[str, Any]
Pairs = Iterable[Sequence[str]]


class ExchangeView:
    """Shows one exchange after another."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def show(self, exchange: Exchange, result: Result) -> None:
        masker = Masker(exchange)
        self._lines.heading(exchange.name)
        if note := exchange.raw.get("note"):
            self._lines.prose(str(note), f"italic {QUIET}")
        if result["start"] != "ok":
            self._lines.title("The plugin refused its configuration")
            self._lines.line(Text(masker.text(str(result["error"])), "red"), 2)
        else:
            self._lines.title("The client asked")
            self._request(exchange.request.headers, b"".join(exchange.request.body), masker)
            self._traffic(exchange, result, masker)
        if result["logs"]:
            self._lines.title("Log")
            for line in result["logs"]:
                self._lines.line(Text(masker.text(line), log_style(line)), 2)

    def _traffic(self, exchange: Exchange, result: Result, masker: Masker) -> None:
        for call in result["callouts"]:
            self._lines.title(f"The plugin called {call['cluster']}")
            self._request(call["headers"], chunk_from_json(call["body"]), masker)
        for request in result.get("given_up", ()):
            self._lines.title("Went upstream, and was given up")
            self._request(request["headers"], chunk_from_json(request["body"]), masker)
        self._lines.title("Went upstream")
        if upstream := result["upstream"]:
            self._request(upstream["headers"], chunk_from_json(upstream["body"]), masker)
        else:
            self._lines.line(Text("nothing", QUIET), 2)
        if result["downstream"]:
            self._downstream(exchange, result, masker)
        if reply := result["local_reply"]:
            failed = reply["details"] == PLUGIN_FAILED
            self._lines.title("The host answered for the plugin" if failed else "The plugin answered itself")
            self._lines.line(Text.assemble((f"{reply['status']} ", "bold"), (reply["details"], QUIET)), 2)
            self._headers(reply["headers"], masker)
            body = chunk_from_json(reply["body"])
            self._body(body, masker)
            self._chat(transcript(bodies.parse(body)), masker)

    def _downstream(self, exchange: Exchange, result: Result, masker: Masker) -> None:
        downstream = result["downstream"]
        from_upstream = downstream.get("reset") or not result["local_reply"]
        chunks = [chunk_from_json(chunk) for chunk in downstream["body"]]
        body = bodies.parse(b"".join(chunks), event_stream=bodies.is_event_stream(downstream["headers"]))
        response = [exchange.response, *exchange.next_responses][len(result.get("given_up", ())) :][:1]
        given = response[0].body if response and response[0] and from_upstream else ()
        self._lines.title("Came back")
        self._lines.line(
            Text(next((value for name, value in downstream["headers"] if name == ":status"), "?"), "bold"), 2
        )
        self._headers(downstream["headers"], masker)
        if len(chunks) == 1 and isinstance(body, JsonBody):
            self._body(chunks[0], masker)
        else:
            self._chunks(given, chunks, masker)
        if downstream.get("reset"):
            self._lines.line(Text("the stream was reset", "red"), 2)
        self._chat(transcript(body), masker, stream=isinstance(body, SseBody))

    def _request(self, headers: Pairs, body: bytes, masker: Masker) -> None:
        fields = {name: value for name, value in headers if name.startswith(":")}
        target = masker.text(f"{fields.get(':authority', '')}{fields.get(':path', '')}")
        self._lines.line(Text.assemble((f"{fields.get(':method', '')} ", "bold"), target), 2)
        self._headers(headers, masker)
        self._body(body, masker)

    def _headers(self, fields: Pairs, masker: Masker) -> None:
        for name, value in fields:
            if not name.startswith(":"):
                self._lines.line(Text(f"{name}: {masker.header(name, value)}", QUIET), 2)

    def _body(self, data: bytes, masker: Masker) -> None:
        for line in whole_body(data, masker):
            self._lines.line(line, 2, most=6)

    def _chunks(self, given: Sequence[bytes], chunks: Sequence[bytes], masker: Masker) -> None:
        """Each chunk of the upstream, and under it what the client got for it."""
        digits = len(str(len(chunks)))
        given, chunks = masker.chunks(given), masker.chunks(chunks)
        for index, chunk in enumerate(chunks):
            number = f"{index + 1:>{digits}} "
            if index < len(given):
                text = Text(one_line(given[index], masker) or "(empty)", QUIET)
                self._lines.line(text, 2, first=f"{number}◂ ", most=1)
                number = " " * len(number)
            for line in events_of(chunk, masker):
                self._lines.line(line, 2, first=f"{number}▸ ")
                number = " " * len(number)

    def _chat(self, said: Transcript, masker: Masker, *, stream: bool = False) -> None:
        if not said:
            return
        self._lines.title("The chat shows")
        for text, style in ((said.reasoning, f"italic {QUIET}"), (said.text, "bold green")):
            self._lines.prose(masker.text(text), style)
        for call in said.tool_calls:
            self._lines.line(Text(f"{call.name}({masker.text(call.arguments)})", "magenta"), 2)
        if said.error:
            self._lines.line(Text(f"error: {masker.text(said.error)}", "red"), 2)
        ending = [f"finish_reason {said.finish_reason}"] if said.finish_reason else []
        ending += [f"{key} {value}" for key, value in said.usage.items() if isinstance(value, int)]
        if stream:
            ending.append("[DONE]" if said.done else "no [DONE]")
        self._lines.line(Text(" · ".join(ending), QUIET), 2)
