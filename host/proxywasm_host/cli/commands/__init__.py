"""The commands of the command line, one module each. `register(main)` adds them."""

from __future__ import annotations

import click

from .bench import bench
from .build import build
from .check import check
from .convert import convert
from .dev import dev
from .envoy import envoy
from .new import new
from .package import package
from .record import record
from .replay import replay
from .schema import schema
from .serve import serve
from .test import test


def register(group: click.Group) -> None:
    for command in (new, dev, check, schema, test, build, package, record, replay, convert, serve, envoy, bench):
        group.add_command(command)
