"""`python -m proxywasm_host.checking.declared SOURCE SECONDS`: what a plugin declares of its configuration.

It runs in a process of its own, because it imports the plugin. The last line of standard output is the answer, a JSON
object: `schema` is the JSON Schema or null, and `reason` says why there is none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from proxywasm.adapters.native import load_plugin

from ..packaging.settings import schema_of
from ..services.call_time import CallTime


def declared(source: Path, seconds: float) -> dict[str, Any]:
    try:
        with CallTime(seconds):
            plugin = load_plugin(source)
    except BaseException as error:  # whatever the plugin's own code raises when it is imported
        return {"schema": None, "reason": f"the plugin cannot be imported: {type(error).__name__}: {error}"}
    schema = schema_of(plugin, source)
    return {
        "schema": schema,
        "reason": None if schema else "the plugin does not declare its settings with proxywasm.config",
    }


if __name__ == "__main__":
    result = declared(Path(sys.argv[1]), float(sys.argv[2]))
    sys.stdout.write("\n" + json.dumps(result))
