"""What we answer where we deliberately differ from a recording: golden files beside this one.

`tests/expected/conformance/openai/chat.json` belongs to the recording `tests/conformance/openai/chat.json`, and has an
entry for each exchange in it whose recorded result is not ours:

```json
{
  "name of the exchange": {
    "differences": ["ids that `differences.json` explains"],
    "expect": {"start": "ok", "upstream": {}, "downstream": {}, "local_reply": null, "callouts": []}
  }
}
```

`expect` is the whole result, in the format of `tests/conformance/README.md`. These files are written by
`python -m tests.expected`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxywasm_host.recordings.compare import accepted, judge
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.recordings.exchange import load as load_recording

TESTS: Final = Path(__file__).parents[1]
PARTS: Final = ("start", "upstream", "downstream", "local_reply", "callouts")


@dataclass(frozen=True, slots=True)
class Golden:
    """Our answer to one exchange. `differences` are ids."""

    differences: tuple[str, ...]
    expect: Mapping[str, Any]

    def instead_of_recorded(self, exchange: Exchange) -> Exchange:
        """The exchange with this as the only result that it expects."""
        rest = {key: value for key, value in exchange.raw.items() if not key.startswith("expect")}
        return dataclasses.replace(exchange, raw={**rest, "expect": self.expect})


def recordings(tests: Path = TESTS) -> list[Path]:
    return sorted([*(tests / "conformance").rglob("*.json"), *(tests / "recordings").rglob("*.json")])


def golden_files(tests: Path = TESTS) -> list[Path]:
    folders = ("conformance", "recordings")
    return sorted(file for folder in folders for file in (tests / "expected" / folder).rglob("*.json"))


def golden_file(recording: Path, tests: Path = TESTS) -> Path:
    return tests / "expected" / recording.relative_to(tests)


def read(file: Path) -> dict[str, Golden]:
    """The entries of a golden file, by the names of exchanges; none if there is no file."""
    if not file.exists():
        return {}
    entries = json.loads(file.read_text(encoding="utf-8"))
    return {name: Golden(tuple(entry["differences"]), entry["expect"]) for name, entry in entries.items()}


def load(recording: Path, tests: Path = TESTS) -> list[Exchange]:
    """The exchanges of a recording. They expect our answer where that deliberately differs from the recorded one."""
    golden = read(golden_file(recording, tests))
    return [
        golden[exchange.name].instead_of_recorded(exchange) if exchange.name in golden else exchange
        for exchange in load_recording(recording)
    ]


def declared(tests: Path = TESTS) -> dict[str, str]:
    """The reason of each difference, by its id."""
    reasons: dict[str, str] = json.loads((tests / "expected" / "differences.json").read_text(encoding="utf-8"))
    return reasons


def rejected(exchange: Exchange, result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of the results that a recording accepts, those that this one differs from."""
    if exchange.raw.get("known_bug") or "expect" not in exchange.raw:
        return
    for one in accepted(exchange.raw):
        if not judge(result, Golden((), one).instead_of_recorded(exchange)).passed:
            yield one
