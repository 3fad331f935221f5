"""Deliberate differences from the recorded behaviour, each with its reason: `conformance_overrides.json`.

```json
{
  "functions": ["def asked: .request.body.messages;"],
  "rules": [{
    "id": "done-once",
    "reason": "a clean end of a stream is marked by [DONE]",
    "when": {"config.provider.type": "^qwen$", "request.body.stream": "true", "expect.local_reply": null},
    "if": "asked | length > 1",
    "patch": [{"op": "append_event", "value": "[DONE]"}]
  }]
}
```

`when` has dotted paths into the exchange, each with a regular expression that is searched in the text there (compact
JSON for anything else), or null for what must not be there. Bodies are joined, and parsed where they are JSON;
headers are found by name (`request.headers.:path`), events by number (`response.body.0.usage`). `if` is a condition
that this cannot say: a program of jq, as those of `compute` below.

`patch` changes what is expected, by dotted paths into the result. In a body of server-sent events the path goes on with
the number of the event or `*` for all, and then into its data; `matching` keeps it to events whose data it is found in.
In other bodies `matching` is searched in the object or array that `path` ends in.

- `remove`: `path` is not expected.
- `set`: `value` is expected at `path`.
- `copy`: what stands at `from`, a path into the exchange, is expected at `path`.
- `compose`: the text `value` is expected at `path`, in which `{...}` stands for what is at this path into the exchange.
- `compute`: what the program `value` gives is expected at `path`; nothing changes if it gives nothing. It is a program
  of jq, over the exchange as `programs` shows it, and may use `functions`.
- `compute_events`: what the program gives, an array of `{"event", "data"}`, are the events of `path`
  (`downstream.body`).
- `add`, `subtract`: the number at `path` is greater, or smaller, by the one at `from`.
- `insert`: `value` is expected in front of what is at `path`, which ends in the number of an element or of an event
  (`event` is the new one's name).
- `rename`: what is at `path` is expected under the key `to`.
- `append_event`: this event (`value` is its data, `event` its name) is the last of `path` (`downstream.body`).
- `drop_events`: no events with data in which `matching` is found.

A rule has to be true of all exchanges of its kind: it names conditions and takes its answers from the exchange.
"""

from __future__ import annotations

from .reading import FILE_NAME, OverridesError, find, load
from .rules import NO_OVERRIDES, Applied, Expected, Overrides, Rule, RuleFailed

__all__ = [
    "FILE_NAME",
    "NO_OVERRIDES",
    "Applied",
    "Expected",
    "Overrides",
    "OverridesError",
    "Rule",
    "RuleFailed",
    "find",
    "load",
]
