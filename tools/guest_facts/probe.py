"""A plugin that finds out what works inside a component; `measure.py` builds and asks it."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from typing import Any

from proxywasm import HttpContext, Plugin

plugin: Plugin[dict[str, Any]] = Plugin("probe")

# They do something when they are imported, or are tests and demonstrations.
_LEFT_OUT = {"__hello__", "__phello__", "antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo"}

# Older versions of Python, in which plugins are tested natively, still have them.
_FORMER = {
    *("aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp"),
    *("mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib"),
    *("uu", "xdrlib"),
}

missing: dict[str, str] = {}


def _try(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        missing[name] = f"{type(error).__name__}: {error}"
        return
    for child in pkgutil.iter_modules(getattr(module, "__path__", [])):
        if child.name not in {"__main__", *_LEFT_OUT}:
            _try(f"{name}.{child.name}")


for name in sorted((sys.stdlib_module_names | _FORMER) - _LEFT_OUT):
    _try(name)


@plugin.on_request_headers
def answer(ctx: HttpContext, config: dict[str, Any]) -> None:
    """Run the code of the configuration, or tell what was found while loading."""
    if "code" not in config:
        found = {"python": sys.version.partition(" ")[0], "missing": missing}
        ctx.send_http_response(200, body=json.dumps(found))
        return
    try:
        exec(config["code"], {})  # noqa: S102  # the point of a probe
    except Exception as error:
        ctx.send_http_response(500, body=f"{type(error).__name__}: {error}")
    else:
        ctx.send_http_response(200)
