"""A plugin as a filter of Envoy."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

from .messages import Json, extension

FAIL_OPEN: Final = "_fail_open_"
"""A key of any plugin's configuration; see `proxywasm.core.dispatcher`.

Envoy does not see that a callback raises: the plugin's SDK decides how the request continues.
"""

Policy: TypeAlias = Literal["FAIL_OPEN", "FAIL_CLOSED", "FAIL_RELOAD"]
"""How requests continue when the VM has trapped: they pass, or fail; with the last policy a new VM is started."""


def wasm_filter(
    label: str,
    name: str,
    module: Path,
    config: str,
    *,
    vm: str,
    root_id: str | None = None,
    place: int | None = None,
    policy: Policy = "FAIL_CLOSED",
) -> Json:
    """`label` names the filter in Envoy, `name` the plugin.

    Filters with one `vm` share their data, and with one `place` and module also their VMs. The root id is by default
    the name. Envoy puts name, root id and VM in front of each line that the plugin logs for a stream, and in front of
    other lines the root id and the VM.
    """
    apart = {} if place is None else {"configuration": _text(str(place))}
    return extension(
        label,
        "extensions.filters.http.wasm.v3.Wasm",
        config={
            "name": name,
            "root_id": name if root_id is None else root_id,
            "failure_policy": policy,
            # A plugin that holds the headers back still gets the body.
            "allow_on_headers_stop_iteration": True,
            "configuration": _text(config),
            "vm_config": {
                "vm_id": vm,
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": str(module)}},
                **apart,
            },
        },
    )


def _text(value: str) -> Json:
    return {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": value}
