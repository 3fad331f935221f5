"""`python -m proxywasm_host.gateway.parse_config SOURCE`: parse the configuration that standard input has, natively.

The last line of standard output is the answer, a JSON object: `kind` is "taken", "refused", "raised" or "not loaded".
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path

from proxywasm.adapters.native import load_plugin, native_program
from proxywasm.errors import ConfigError
from proxywasm.wire import LogLevel, PluginFailure

from ..services import HostServices


def parse(source: Path, config: str) -> tuple[str, str]:
    try:
        plugin = load_plugin(source)
    except BaseException as error:  # whatever the plugin's own code raises when it is imported
        return "not loaded", "".join(traceback.format_exception_only(error)).strip()
    try:
        native_program(plugin, HostServices()).configure(config, LogLevel.ERROR)
    except ConfigError as error:
        return "refused", str(error)
    except PluginFailure as failure:
        return "raised", f"the plugin raises while it parses this\n{failure}"
    return "taken", ""


if __name__ == "__main__":
    kind, message = parse(Path(sys.argv[1]), sys.stdin.read())
    sys.stdout.write("\n" + json.dumps({"kind": kind, "message": message}))
