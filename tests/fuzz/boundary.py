"""Programs that send anything across the boundary: any bytes as texts, any numbers as pointers, sizes and cases.

They are written in WebAssembly's text format, because nothing that is built with an SDK could say such things.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.host.hostile import load, path
from tests.host.stream.test_any_outcome import check_framing

from proxywasm.wire import MetricKind
from proxywasm_host.services import HostServices
from proxywasm_host.stream import Runner, Stream
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Engine

PROGRAMS: Final = 40
"""In one component: each is one function."""
_DATA: Final = 8192
_DATA_SIZE: Final = 4096
_ANSWER: Final = 16
_COMMANDS: Final = 1 << 20
_COMMAND_SIZE: Final = 36
_CASE_COMMANDS: Final = 5

_FUNCTIONS: Final = {
    "log": "nnt", "get-property": "ntr", "set-property": "ntpr", "get-shared-data": "tr", "set-shared-data": "tpnr",
    "http-call": "nttpnr", "redis-init": "tttnr", "redis-call": "ntpr", "call-foreign-function": "tpr",
    "define-metric": "ntr", "increment-metric": "nl", "record-metric": "nl", "get-metric": "n", "set-tick-period": "n",
}  # fmt: skip
"""The host's functions, and what they take: `t` a text (pointer and size), `p` a payload (its case and a text), `n` a
number, `l` one of 64 bits, `r` where the result goes."""
_OUTCOMES: Final = ("", "t", "t", "t", "t", "", "t")
_COMMAND_CASES: Final = ("n", "n", "nnn", "nnn", "t", "t", "p", "p", "pn", "", "", "ntpt", "t", "", "", "t", "t")
_RESULTS: Final = {"get-metric"}
_PIECES: Final = (
    b"x-a\0b\0", b"=x-a\0b\0", b"+x\0\r\n\0", b"-\0\0", b"=:status\x00204\0", b"=:path\0/..\0",
    b"=content-length\x009\0", b":method\0GET\0:path\0/\0:authority\0a\0", b"outbound|80||a.dns", b"\0\xff",
    b"\xed\xa0\x80", b"\xf0\x9f", b"\0" * 40, b"route_name\0", b"\xc3\xa9", b"*1\r\n$4\r\nPING\r\n",
    b"*999999999\r\n", b"?db=1&db=2", b"text", b"\xf4\x90\x80\x80",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of one component's programs."""

    seed: int
    programs: int
    lost: int
    """Instances that ended: that is right for a pointer to nowhere, and costs nobody else."""


def batches(seeds: Iterable[int]) -> Iterator[Batch]:
    """A component of `PROGRAMS` programs for each seed. Raises what the host lets pass, which is a finding."""
    engine = Engine(optimize=False)
    for seed in seeds:
        random = Random(seed)
        text = "".join(f"\\{byte:02x}" for byte in _data(random))
        component = load(
            engine, [_program(random) for _ in range(PROGRAMS)], more=f'(data (i32.const {_DATA}) "{text}")'
        )
        services = HostServices(start_ns=0)
        for kind in MetricKind:
            services.define_metric(kind, kind)
        runner = Runner(ComponentProgram(component, services), services)
        lost = 0
        for number in range(PROGRAMS):
            if runner.lost:
                lost += 1
                runner = Runner(ComponentProgram(component, services), services)
            _drive(runner, services, number)
        yield Batch(seed, PROGRAMS, lost)


def _drive(runner: Runner, services: HostServices, number: int) -> None:
    other = runner.open()
    stream = runner.open()
    stream.request_headers([(":path", path(number)), (":method", "POST"), (":authority", "a")], False)
    stream.request_body(b"hello", False)
    stream.request_trailers([("trail", path(number))])
    stream.informational_response([(":status", "103")])
    for call in services.take_calls():
        runner.http_call_response(call.id, [(":status", "200")], b"answer")
    for command in services.take_redis_calls():
        runner.redis_call_response(command.id, b"+OK\r\n")
    _respond(stream)
    services.clock.advance(400_000)
    runner.expire()
    stream.close()
    other.close()
    check_framing(stream)
    assert runner.streams == []


def _respond(stream: Stream) -> None:
    stream.response_headers([(":status", "200"), ("content-length", "5")], False)
    stream.response_body(b"world", True)


def _data(random: Random) -> bytes:
    data = b"".join(random.choice(_PIECES) for _ in range(_DATA_SIZE // 4))[:_DATA_SIZE]
    return bytes(random.randrange(256) if random.random() < 0.001 else byte for byte in data)


def _number(random: Random) -> int:
    """A case, a status, the number of a context, of a metric, or of milliseconds: nobody knows which."""
    kind = random.random()
    if kind < 0.8:
        return random.randrange(3)
    return random.randrange(300) if kind < 0.9 else random.choice((200, 204, 404, 599, random.randrange(1 << 32)))


def _text(random: Random) -> list[int]:
    kind = random.random()
    if kind < 0.97:
        start = random.randrange(_DATA_SIZE)
        return [_DATA + start, random.choice((0, 1, 4, 20, 200)) % (_DATA_SIZE - start)]
    if kind < 0.985:
        return [3 << 20, random.choice((1 << 16, 10_000_000, 100_000_000))]  # NULs
    return [random.choice((0, 1 << 27, (1 << 32) - 1)), random.choice((1, 1 << 27, (1 << 32) - 1))]


def _numbers(shape: str, random: Random) -> list[int]:
    """As they stand in memory, or are given to a function."""
    found: list[int] = []
    for kind in shape:
        match kind:
            case "t":
                found += _text(random)
            case "p":
                found += [random.choice((*[0] * 10, *[1] * 10, 2)), *_text(random)]
            case "r":
                found.append(64 + 4 * random.randrange(8))
            case _:
                found.append(_number(random))
    return found


def _program(random: Random) -> str:
    """Instructions that leave the address of an outcome."""
    calls = " ".join(_call(random) for _ in range(random.choice((0, 0, 1, 2, 4))))
    case = random.choice((0, 1, 2, 3, 4, *[_CASE_COMMANDS] * 4, 6, 7))
    if case == _CASE_COMMANDS:
        count = random.choice((0, 1, 1, 2, 3, 5, 1001, 1 << 31))
        stores = " ".join(_command(_COMMANDS + at * _COMMAND_SIZE, random) for at in range(min(count, 5)))
        stores += _stores(_ANSWER, [case, _COMMANDS, count])
    else:
        stores = _stores(_ANSWER, [case, *_numbers(_OUTCOMES[case % len(_OUTCOMES)], random)])
    return f"{calls} {stores} (i32.const {_ANSWER})"


def _command(address: int, random: Random) -> str:
    case = random.randrange(len(_COMMAND_CASES)) if random.random() < 0.98 else 200
    return _stores(address, [case, *_numbers(_COMMAND_CASES[case % len(_COMMAND_CASES)], random)])


def _stores(address: int, numbers: list[int]) -> str:
    places = range(address, address + 4 * len(numbers), 4)
    return " ".join(
        f"(i32.store (i32.const {place}) (i32.const {number}))" for place, number in zip(places, numbers, strict=True)
    )


def _call(random: Random) -> str:
    name = random.choice(list(_FUNCTIONS))
    shape = _FUNCTIONS[name]
    numbers = [f"(i32.const {number})" for number in _numbers(shape, random)]
    if shape.endswith("l"):
        numbers[-1] = f"(i64.const {random.randrange(1 << 64)})"
    call = f"(call ${name} {' '.join(numbers)})"
    return f"(drop {call})" if name in _RESULTS else call
