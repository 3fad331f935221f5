"""The standard library inside a plugin."""

from __future__ import annotations

import datetime
import json
import logging
import os
import random
import secrets
import sys
import time
import traceback
import uuid
from time import sleep as imported_sleep
from typing import Any

from proxywasm import HttpContext, Plugin, log

Config = dict[str, Any]


def values(ctx: HttpContext, config: Config) -> None:
    """Everything that depends on clock or randomness, or on what the build has loaded."""
    told: dict[str, Any] = {
        "time.time": time.time(),
        "time.time_ns": time.time_ns(),
        "time.monotonic": time.monotonic(),
        "time.gmtime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "datetime.now": datetime.datetime.now().isoformat(),
        "datetime.utc": datetime.datetime.now(datetime.UTC).isoformat(),
        "date.today": datetime.date.today().isoformat(),
        "random.random": random.random(),
        "random.sample": random.sample(range(1000), 5),
        "random.SystemRandom": random.SystemRandom().random(),
        "uuid.uuid4": str(uuid.uuid4()),
        "os.urandom": os.urandom(8).hex(),
        "secrets.token_hex": secrets.token_hex(8),
        "gb18030": b"\xc4\xe3".decode("gb18030"),
        "strptime": datetime.datetime.strptime("2025-01-02", "%Y-%m-%d").isoformat(),
    }
    ctx.send_http_response(200, {"content-type": "application/json"}, json.dumps(told))


def talk(ctx: HttpContext, config: Config) -> None:
    print("printed", 1, sep=" ")
    print("two\nlines")
    print("to stderr", file=sys.stderr)
    sys.stdout.write("no line end")
    log.debug("not %s", "wanted")
    log.info("said %d", 5)
    logger = logging.getLogger("my.module")
    logger.debug("not wanted")
    logger.warning("warned %s", "grüße")
    try:
        config["k"]
    except KeyError:
        logger.exception("it failed")
        traceback.print_exc()


def inner() -> None:
    raise LookupError("lost")


def raise_(ctx: HttpContext, config: Config) -> None:
    inner()


def exit_(ctx: HttpContext, config: Config) -> None:
    sys.exit("enough")


def sleep(ctx: HttpContext, config: Config) -> None:
    time.sleep(3600)


def sleep_by_name(ctx: HttpContext, config: Config) -> None:
    imported_sleep(0.001)


def _plugin(name: str, callback: Any) -> Plugin[Config]:
    plugin: Plugin[Config] = Plugin(name)
    plugin.on_request_headers(callback)
    return plugin


PLUGINS = {
    name: _plugin(name, callback)
    for name, callback in {
        "values": values,
        "talk": talk,
        "raise": raise_,
        "exit": exit_,
        "sleep": sleep,
        "sleep by name": sleep_by_name,
    }.items()
}
