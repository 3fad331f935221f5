"""A plugin against the raw world `proxy-wasm`, without the SDK: each path shows one thing that has to work in Envoy."""

import datetime
import json
import os
import random
import socket
import struct
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path

import wit_world
from componentize_py_types import Err
from wit_world.imports import host

REQUEST, RESPONSE, CALL = 0, 2, 6
REQUEST_BODY, RESPONSE_BODY, CALL_BODY, PLUGIN_CONFIGURATION = 0, 1, 4, 7
CONTINUE, PAUSE = 0, 1
INFO, ERROR = 2, 4


def log(message: str, level: int = INFO) -> None:
    host.log(level, message.encode())


def join(pairs: list[tuple[bytes, bytes]]) -> bytes:
    sizes = [struct.pack("<II", len(name), len(value)) for name, value in pairs]
    return b"".join([struct.pack("<I", len(pairs)), *sizes, *(name + b"\0" + value + b"\0" for name, value in pairs)])


def split(raw: bytes) -> list[tuple[bytes, bytes]]:
    (count,) = struct.unpack_from("<I", raw)
    sizes = struct.unpack_from(f"<{2 * count}I", raw, 4)
    position, pairs = 4 + 8 * count, []
    for name_size, value_size in zip(sizes[::2], sizes[1::2], strict=True):
        value_start = position + name_size + 1
        pairs.append((raw[position : position + name_size], raw[value_start : value_start + value_size]))
        position = value_start + value_size + 1
    return pairs


def failures(attempts: dict[str, Callable[[], object]]) -> dict[str, str]:
    found = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except Exception as error:
            found[name] = type(error).__name__
    return found


def reply(status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> int:
    assert host.send_local_response(status, b"raw_guest", body, join(headers or []), -1) == 0
    return PAUSE


class State:
    """componentize-py makes a new `WitWorld` for each call, so what lasts is elsewhere."""

    def __init__(self) -> None:
        self.configuration: dict[str, object] = {}
        self.metric = 0
        self.paths: dict[int, str] = {}
        self.calls: dict[int, int] = {}


state = State()


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # generated while the component is built
    def on_vm_start(self, context: int, configuration_size: int) -> bool:
        random.seed()
        return True

    def on_configure(self, context: int, configuration_size: int) -> bool:
        raw = host.get_buffer_bytes(PLUGIN_CONFIGURATION, 0, configuration_size)
        try:
            state.configuration = json.loads(raw or b"{}")
        except ValueError:
            log(traceback.format_exc(), ERROR)
            return False
        state.metric = host.define_metric(0, b"raw_guest_requests")
        if "tick" in state.configuration:
            host.set_tick_period_milliseconds(state.configuration["tick"])
        return True

    def on_context_create(self, context: int, parent: int) -> None:
        pass

    def on_request_headers(self, context: int, count: int, end_of_stream: bool) -> int:
        pairs = split(host.get_header_map_pairs(REQUEST))
        path = state.paths[context] = dict(pairs)[b":path"].decode()
        host.increment_metric(state.metric, 1)
        action = getattr(self, "at_" + path.partition("?")[0].strip("/").replace("-", "_"), None)
        return action(context) if action else CONTINUE

    def on_request_body(self, context: int, size: int, end_of_stream: bool) -> int:
        if state.paths[context] != "/upper":
            return CONTINUE
        if not end_of_stream:
            return PAUSE
        body = host.get_buffer_bytes(REQUEST_BODY, 0, size)
        assert host.set_buffer_bytes(REQUEST_BODY, 0, size, body.upper()) == 0
        return CONTINUE

    def on_request_trailers(self, context: int, count: int) -> int:
        return CONTINUE

    def on_response_headers(self, context: int, count: int, end_of_stream: bool) -> int:
        if state.paths.get(context) == "/stream":
            host.remove_header_map_value(RESPONSE, b"content-length")
            host.add_header_map_value(RESPONSE, b"x-stream", b"edited")
        return CONTINUE

    def on_response_body(self, context: int, size: int, end_of_stream: bool) -> int:
        if state.paths.get(context) == "/stream":
            body = host.get_buffer_bytes(RESPONSE_BODY, 0, size)
            host.set_buffer_bytes(RESPONSE_BODY, 0, size, b"<" + body + b">")
        return CONTINUE

    def on_response_trailers(self, context: int, count: int) -> int:
        return CONTINUE

    def on_done(self, context: int) -> bool:
        return True

    def on_log(self, context: int) -> None:
        if state.paths.get(context) == "/headers":
            log("logged " + repr(host.get_property(b"response\0code")))

    def on_delete(self, context: int) -> None:
        state.paths.pop(context, None)

    def on_tick(self, context: int) -> None:
        log("tick")
        host.set_tick_period_milliseconds(0)

    def on_http_call_response(
        self, context: int, call: int, header_count: int, body_size: int, trailer_count: int
    ) -> None:
        stream = state.calls.pop(call)
        host.set_effective_context(stream)
        if not header_count:
            reply(504, b"no answer")
            return
        status = dict(split(host.get_header_map_pairs(CALL)))[b":status"]
        body = host.get_buffer_bytes(CALL_BODY, 0, body_size)
        host.set_effective_context(stream)
        if state.paths[stream] == "/call-resume":
            host.replace_header_map_value(REQUEST, b"x-called", status + b" " + body)
            assert host.continue_stream(0) == 0
        else:
            reply(200, status + b" " + body)

    def on_foreign_function(self, context: int, function: int, size: int) -> None:
        pass

    def at_headers(self, context: int) -> int:
        assert host.get_header_map_value(REQUEST, b"x-missing") is None
        assert host.get_header_map_value(REQUEST, b"x-empty") == b""
        host.replace_header_map_value(REQUEST, b"x-replaced", host.get_header_map_value(REQUEST, b"x-replaced") + b"!")
        host.add_header_map_value(REQUEST, b"x-added", "caf\xe9".encode("latin-1"))
        host.remove_header_map_value(REQUEST, b"x-removed")
        host.replace_header_map_value(REQUEST, b"x-config", json.dumps(state.configuration).encode())
        return CONTINUE

    def at_upper(self, context: int) -> int:
        host.remove_header_map_value(REQUEST, b"content-length")
        return CONTINUE

    def at_reply(self, context: int) -> int:
        return reply(418, b"\x00\xff", [(b"x-local", b"yes")])

    def at_facts(self, context: int) -> int:
        """What Python needs from WASI."""
        print("printed", flush=True)
        print("printed to stderr", file=sys.stderr, flush=True)
        started = time.monotonic()
        time.sleep(3)
        slept = time.monotonic() - started
        # No files, no sockets, nothing of Python that was not loaded: all of that fails as Python code expects.
        errors = failures(
            {
                "open": lambda: Path("/etc/passwd").read_bytes(),
                "write": lambda: Path("new").write_bytes(b""),
                "listdir": lambda: list(Path("/").iterdir()),
                "stat": lambda: Path("/etc/passwd").stat(),
                "socket": socket.socket,
                "zlib": lambda: __import__("zlib"),
                "eval": lambda: eval("1 + 1"),
            }
        )
        try:
            json.loads("{")
        except ValueError:
            log(traceback.format_exc(), ERROR)
        facts = {
            "time": time.time(),
            "now": datetime.datetime.now(datetime.UTC).isoformat(),
            "local": datetime.datetime.now().isoformat(),
            "perf": time.perf_counter_ns(),
            "slept": slept,
            "uuid": str(uuid.uuid4()),
            "urandom": os.urandom(500).hex(),
            "random": random.random(),
            "environ": dict(os.environ),
            "stdin": sys.stdin.read(),
            "errors": errors,
        }
        return reply(200, json.dumps(facts).encode())

    def at_shared(self, context: int) -> int:
        assert host.get_shared_data(b"none of these") is None
        key = uuid.uuid4().bytes
        first = host.set_shared_data(key, b"1", 0)
        value, cas = host.get_shared_data(key)
        stale = host.set_shared_data(key, b"2", cas + 1)
        second = host.set_shared_data(key, b"", cas)
        answers = [first, value.decode(), stale, second, host.get_shared_data(key)[0].decode()]
        return reply(200, json.dumps(answers).encode())

    def at_host(self, context: int) -> int:
        host.set_property(b"raw_guest", b"set")
        try:
            host.call_foreign_function(b"no_such_function", b"")
            foreign = 0
        except Err as error:
            foreign = error.value
        facts = {
            "property": host.get_property(b"request\0path").decode(),
            "own": (host.get_property(b"wasm.raw_guest") or host.get_property(b"raw_guest") or b"").decode(),
            "no_property": host.get_property(b"no\0such\0property") is None,
            "metric": host.get_metric(state.metric),
            "log_level": host.get_log_level(),
            "foreign": foreign,
        }
        return reply(200, json.dumps(facts).encode())

    def at_call(self, context: int) -> int:
        return self.start_call(context, b"upstream")

    at_call_resume = at_call

    def at_call_nowhere(self, context: int) -> int:
        return self.start_call(context, b"no-such-cluster")

    def at_call_timeout(self, context: int) -> int:
        return self.start_call(context, b"silent")

    def start_call(self, context: int, cluster: bytes) -> int:
        headers = [(b":method", b"POST"), (b":path", b"/called"), (b":authority", b"upstream")]
        try:
            call = host.http_call(cluster, join(headers), b"question", join([]), 300)
        except Err as error:
            return reply(503, f"not sent: {error.value}".encode())
        state.calls[call] = context
        return PAUSE

    def at_raise(self, context: int) -> int:
        raise RuntimeError("not caught")

    def at_trap(self, context: int) -> int:
        os._exit(3)

    def at_grow(self, context: int) -> int:
        """Empty out and refill memory: what is given back is used again."""
        for _ in range(200):
            host.get_header_map_pairs(REQUEST)
            host.log(0, bytes(1_000_000))
        return reply(200, b"grown")
